/* http_client.h - outgoing HTTP on the daemon's loop. Owns libcurl (multi interface).
 *
 * A request has one outcome: its callback runs once, later, from the loop. WR_ERR_BACKEND: nothing was sent
 * (refused, no name). WR_ERR_NO_ANSWER: it may have arrived. WR_OK: there is a status, whichever. */
#ifndef WR_HTTP_CLIENT_H
#define WR_HTTP_CLIENT_H
#include "err.h"
#include "loop.h"
#include <stddef.h>

struct wr_http_client;
enum wr_err wr_http_client_open(struct wr_http_client **out, struct wr_loop *loop,
                                int in_flight_max) WR_MUST_CHECK;
/* Pending callbacks run with NO_ANSWER before it returns; takes NULL. Never from inside a callback of `c`. */
void wr_http_client_close(struct wr_http_client *c);
struct wr_http_call {
    const char *method, *url;
    const char *headers[8]; /* "Name: value", ends with NULL */
    const char *body;       /* copied */
    size_t len;
    int deadline_ms;
};
typedef void wr_http_done(void *ctx, enum wr_err err, int status, const char *body, size_t len);
/* WR_ERR_BUSY when in_flight_max are under way: then the callback will not run. A callback may call again: the
 * place of its own request is free. */
enum wr_err wr_http_client_call(struct wr_http_client *c, const struct wr_http_call *call, wr_http_done *done,
                                void *ctx) WR_MUST_CHECK;
/* Appends "name=value" to a form body, escaped, with '&' between. */
struct wr_buf;
void wr_form_add(struct wr_buf *form, const char *name, const char *value);
const char *wr_http_client_version(void);

#endif
