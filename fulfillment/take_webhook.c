/* take_webhook.c - POST /v1/payments/webhook: 200 says that the event is stored, nothing less and nothing more.
 *
 *   signature --forged--> 401        store --stored or known--> 200
 *       |                              | the database is away --> 503: the provider sends it again
 *       +--> understood? --yes---------+
 *                 +--no: dead letter --stored--> 200
 */
#include "take_webhook.h"
#include "accept_orders.h"
#include "clock.h"
#include "dead_letter.h"
#include "fulfillmentd.h"
#include "json.h"
#include "log.h"
#include "measures.h"
#include "mem.h"
#include "payment_provider.h"
#include "sql_fulfillment.h"
#include "webhook_signature.h"
#include <stdlib.h>
#include <string.h>

struct op {
    struct fulfillment *f;
    struct wr_request *req;
    struct provider_event event;
    bool understood, fresh;
    char *body;
    size_t len;
};

static enum wr_err store(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    if (!op->understood) {
        op->fresh = true;
        return dead_letter_keep(c, "webhook", op->body, op->len, "no event of the payment provider's");
    }
    struct wr_rows *rows;
    enum wr_err err = webhook_store(c, &op->event, op->body, &rows);
    if (!err)
        op->fresh = wr_rows_count(rows) > 0;
    wr_rows_free(rows);
    return err;
}

enum wr_err webhook_store(struct wr_pg_conn *c, const struct provider_event *event, const char *body, struct wr_rows **rows)
{
    return wr_pg_query(c, &wr_sql_store_webhook, 3, (const char *[]){event->id, event->type, body}, rows);
}

static void on_stored(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    if (err) {
        wr_answer_problem(op->req, err == WR_ERR_NO_ANSWER ? err : WR_ERR_BACKEND, NULL, 1);
    } else {
        wr_metric_add(!op->understood ? MEASURE_WEBHOOKS_DEAD
                      : op->fresh     ? MEASURE_WEBHOOKS_STORED
                                      : MEASURE_WEBHOOKS_KNOWN,
                      1);
        wr_answer_json(op->req, 200, wr_json_build("{s:b}", "received", 1));
        process_webhooks_kick(op->f->webhooks);
    }
    free(op->body);
    free(op);
}

static bool understand(const char *body, size_t len, struct provider_event *event)
{
    struct wr_json *json;
    if (wr_json_parse(&json, body, len, NULL) != WR_OK)
        return false;
    bool understood = provider_event_decode(json, event) == WR_OK;
    wr_json_free(json);
    return understood;
}

void take_webhook(void *ctx, struct wr_request *req)
{
    struct fulfillment *f = ctx;
    size_t len;
    const char *body = wr_request_body(req, &len);
    const char *signature = wr_request_header(req, WR_HEADER_STRIPE_SIGNATURE);
    if (!webhook_signature_valid(f->webhook_secret, signature, body, len, wr_wall_ms() / 1000)) {
        wr_metric_add(MEASURE_WEBHOOKS_FORGED, 1);
        wr_answer_problem(req, WR_ERR_UNAUTHENTICATED, "The Stripe-Signature header does not sign this body.", 0);
        return;
    }
    struct op *op = wr_alloc(sizeof *op);
    *op = (struct op){.f = f, .req = req, .body = wr_dup(body, len), .len = len};
    op->understood = understand(body, len, &op->event);
    if (wr_pg_submit(f->pg, store, on_stored, op) != WR_OK)
        on_stored(op, WR_ERR_BACKEND);
}
