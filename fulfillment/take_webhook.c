/* take_webhook.c - POST /v1/payments/webhook: 200 says that the event is stored, nothing less and nothing more.
 *
 *   signature --forged--> 401        gather --> store all --stored or known--> 200
 *       |                              ^           | one of them is refused: each alone
 *       |                              |           |            and is refused: dead letter --stored--> 200
 *       +--> understood? --yes---------+           | the database is away --> 503: the provider sends it again
 *                 +--no: dead letter --stored--> 200
 *
 * One batch is under way at a time; what comes meanwhile is the next. */
#include "take_webhook.h"
#include "accept_orders.h"
#include "change_order.h"
#include "clock.h"
#include "dead_letter.h"
#include "fulfillment_metrics.h"
#include "fulfillmentd.h"
#include "json.h"
#include "log.h"
#include "mem.h"
#include "provider_event.h"
#include "sql_fulfillment.h"
#include "webhook_signature.h"
#include <stdlib.h>
#include <string.h>

enum {
    GATHER_MS = 10,
    BATCH_MAX = 64,
    WAITING_MAX = 4096,
};

struct op {
    struct fulfillment *f;
    struct wr_request *req;
    struct provider_event event;
    bool understood, refused, fresh; /* refused: by the database */
    char *body;
    size_t len;
    struct op *next; /* of those waiting */
};
struct webhook_intake {
    struct fulfillment *f;
    struct wr_timer *gather;
    struct op *first, **end; /* waiting, in the order they came */
    size_t waiting;
    bool storing;
    size_t count; /* of the batch under way */
    struct op *batch[BATCH_MAX];
    struct stored_webhook stored[BATCH_MAX];
};

static void on_gathered(void *ctx);
static enum wr_err store_batch(struct wr_pg_conn *c, void *ctx);
static void on_batch_stored(void *ctx, enum wr_err err);
static enum wr_err store_one(struct wr_pg_conn *c, void *ctx);
static void on_stored(void *ctx, enum wr_err err);

/* ---- gather ---- */

static void submit_one(struct op *op)
{
    if (wr_pg_submit(op->f->pg, store_one, on_stored, op) != WR_OK)
        on_stored(op, WR_ERR_BACKEND);
}

static void gather(struct webhook_intake *intake, struct op *op)
{
    if (intake->waiting == WAITING_MAX) {
        on_stored(op, WR_ERR_BACKEND);
        return;
    }
    if (!intake->waiting++ && !intake->storing)
        wr_timer_start(intake->gather, GATHER_MS, 0);
    *intake->end = op;
    intake->end = &op->next;
}

static void on_gathered(void *ctx)
{
    struct webhook_intake *intake = ctx;
    for (intake->count = 0; intake->first && intake->count < BATCH_MAX; intake->count++) {
        struct op *op = intake->first;
        intake->first = op->next;
        intake->batch[intake->count] = op;
        intake->stored[intake->count] = (struct stored_webhook){.event = &op->event, .body = op->body};
    }
    if (!intake->first)
        intake->end = &intake->first;
    intake->waiting -= intake->count;
    intake->storing = true;
    if (wr_pg_submit(intake->f->pg, store_batch, on_batch_stored, intake) != WR_OK)
        on_batch_stored(intake, WR_ERR_BACKEND);
}

/* ---- store ---- */

enum wr_err webhooks_store(struct wr_pg_conn *c, struct stored_webhook webhooks[], size_t count)
{
    struct wr_buf a[3] = {{0}};
    struct wr_rows *rows;
    for (size_t i = 0; i < count; i++) {
        wr_pg_array_add(&a[0], webhooks[i].event->id);
        wr_pg_array_add(&a[1], webhooks[i].event->type);
        wr_pg_array_add(&a[2], webhooks[i].body);
        webhooks[i].fresh = false;
    }
    enum wr_err err = query_arrays(c, &wr_sql_store_webhooks, a, 3, &rows);
    if (err)
        return err;
    for (size_t row = 0; row < wr_rows_count(rows); row++) {
        size_t i = 0;
        while (strcmp(webhooks[i].event->id, wr_rows_text(rows, row, "provider_event_id")) != 0)
            i++;
        webhooks[i].fresh = true; /* the first of those with this id, should it have come twice at once */
    }
    wr_rows_free(rows);
    return WR_OK;
}

static enum wr_err store_batch(struct wr_pg_conn *c, void *ctx)
{
    struct webhook_intake *intake = ctx;
    return webhooks_store(c, intake->stored, intake->count);
}

static void on_batch_stored(void *ctx, enum wr_err err)
{
    struct webhook_intake *intake = ctx;
    for (size_t i = 0; i < intake->count; i++) {
        struct op *op = intake->batch[i];
        op->fresh = intake->stored[i].fresh;
        if (wr_pg_refused(err) && intake->count > 1)
            submit_one(op); /* one of them is not for this database; the others are none the worse for it */
        else
            on_stored(op, err);
    }
    intake->storing = false;
    if (intake->waiting)
        wr_timer_start(intake->gather, 0, 0);
}

static enum wr_err store_one(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    struct stored_webhook one = {.event = &op->event, .body = op->body, .fresh = true};
    const char *why = op->refused ? "the database refuses it" : "no event of the payment provider's";
    enum wr_err err = op->understood && !op->refused ? webhooks_store(c, &one, 1)
                                                     : dead_letter_keep(c, "webhook", op->body, op->len, why);
    op->fresh = one.fresh;
    return err;
}

static void on_stored(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    if (wr_pg_refused(err) && op->understood && !op->refused) {
        op->refused = true; /* and would be each time it came */
        submit_one(op);
        return;
    }
    if (err) {
        wr_answer_problem(op->req, err == WR_ERR_NO_ANSWER ? err : WR_ERR_BACKEND, NULL, 1);
    } else {
        wr_metric_add(!op->understood || op->refused ? METRIC_WEBHOOKS_DEAD
                      : op->fresh                    ? METRIC_WEBHOOKS_STORED
                                                     : METRIC_WEBHOOKS_KNOWN,
                      1);
        wr_answer_json(op->req, 200, wr_json_build("{s:b}", "received", 1));
        repeat_kick(op->f->webhooks);
        if (!op->understood || op->refused)
            repeat_kick(op->f->dead_letters);
    }
    free(op->body);
    free(op);
}

/* ---- the request ---- */

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
        wr_metric_add(METRIC_WEBHOOKS_FORGED, 1);
        wr_answer_problem(req, WR_ERR_UNAUTHENTICATED, "The Stripe-Signature header does not sign this body.",
                          0);
        return;
    }
    struct op *op = wr_alloc(sizeof *op);
    *op = (struct op){.f = f, .req = req, .body = wr_dup(body, len), .len = len};
    op->understood = understand(body, len, &op->event);
    if (op->understood)
        gather(f->intake, op);
    else
        submit_one(op);
}

/* ---- life ---- */

struct webhook_intake *webhook_intake_open(struct fulfillment *f)
{
    struct webhook_intake *intake = wr_alloc(sizeof *intake);
    intake->f = f;
    intake->end = &intake->first;
    intake->gather = wr_timer_new(f->loop, on_gathered, intake);
    return intake;
}

bool webhook_intake_idle(const struct webhook_intake *intake)
{
    return !intake->storing && !intake->waiting;
}

void webhook_intake_close(struct webhook_intake *intake)
{
    if (!intake)
        return;
    wr_timer_free(intake->gather);
    free(intake);
}
