/* api.h - answers in Stripe's shape, its refusals counted like ours, and who may ask. */
#ifndef SANDBOX_API_H
#define SANDBOX_API_H
#include "sandboxd.h"

/* False after it answered 401 itself. */
bool api_authorized(struct sandboxd *d, struct wr_request *req);
/* type: "invalid_request_error", "idempotency_error", "api_error"; code may be NULL. */
void api_error(struct wr_request *req, int status, const char *type, const char *code, const char *message);
void api_missing(struct wr_request *req);                 /* no such session */
void api_failed(struct wr_request *req, enum wr_err err); /* the database */

#endif
