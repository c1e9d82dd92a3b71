/* take_webhook.h - the provider's webhooks: verified, stored, and only then acknowledged. */
#ifndef TAKE_WEBHOOK_H
#define TAKE_WEBHOOK_H
#include "http.h"
#include "payment_provider.h"
#include "pg.h"

void take_webhook(void *ctx, struct wr_request *req);
/* `rows` has one row when the event was not known yet. For work on a pool thread. */
enum wr_err webhook_store(struct wr_pg_conn *c, const struct provider_event *event, const char *body,
                          struct wr_rows **rows) WR_MUST_CHECK;

#endif
