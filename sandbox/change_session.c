/* change_session.c
 *
 *   handler --> find the session --> apply the act, store it with its event --> answer (API or page), tell the shop
 *                  |       ^                        |
 *                  |       '--changed meanwhile-----'
 *                  '--> none: 404
 */
#include "change_session.h"
#include "api.h"
#include "deliver_webhooks.h"
#include "metrics.h"
#include "pay_page.h"
#include "sandbox_metrics.h"
#include "session_json.h"
#include "session_store.h"
#include "sql_sandbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct op {
    struct sandboxd *d;
    struct wr_request *req;
    enum session_act act;
    char id[64], key[121];
    struct session session;
    enum session_verdict verdict;
    struct session_news news;
    void (*answer)(struct op *op, enum wr_err err);
};
enum { TRIES = 5 };

static const enum metric metric_of[] = {
    [SESSION_PAY] = METRIC_PAID,      [SESSION_DECLINE] = METRIC_DECLINED, [SESSION_EXPIRE] = METRIC_EXPIRED,
    [SESSION_LAPSE] = METRIC_EXPIRED, [SESSION_REFUND] = METRIC_REFUNDED,
};

static enum wr_err work(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    enum wr_err err = WR_ERR_CONFLICT;
    for (int i = 0; i < TRIES && err == WR_ERR_CONFLICT; i++) {
        err = session_find(c, &wr_sql_find_session, op->id, &op->session);
        if (!err)
            err = session_change(c, &op->session, op->act, op->key, op->d->base, &op->verdict, &op->news);
    }
    return err;
}

/* An event that was to be delivered at once, and is; without one the promised room is given back. */
static void tell(struct op *op)
{
    if (op->news.lease_ms) {
        deliver_webhook(op->d, op->news.id, op->news.payload);
    } else if (op->news.payload) {
        free(op->news.payload);
        deliver_webhooks_soon(op->d);
    }
}

static void on_done(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    if (!err && op->verdict == SESSION_CHANGED)
        wr_metric_add(metric_of[op->act], 1);
    tell(op);
    op->answer(op, err);
    free(op);
}

static void start(struct sandboxd *d, struct wr_request *req, enum session_act act, const char *id,
                  void (*answer)(struct op *op, enum wr_err err))
{
    struct op *op = wr_alloc(sizeof *op);
    const char *key = wr_request_header(req, WR_HEADER_IDEMPOTENCY_KEY);
    op->d = d;
    op->req = req;
    op->act = act;
    op->answer = answer;
    op->news.lease_ms = deliver_webhook_promise(d);
    if (!wr_copy_text(op->id, sizeof op->id, id, strlen(id)) ||
        !wr_copy_text(op->key, sizeof op->key, key ? key : "", key ? strlen(key) : 0))
        on_done(op, WR_ERR_NOT_FOUND);
    else if (wr_pg_submit(d->pg, work, on_done, op) != WR_OK)
        on_done(op, WR_ERR_BUSY);
}

/* ---- the shop ---- */

static void answer_expire(struct op *op, enum wr_err err)
{
    if (err == WR_ERR_NOT_FOUND)
        api_missing(op->req);
    else if (err)
        api_failed(op->req, err);
    else if (op->verdict == SESSION_CHANGED)
        wr_answer_json(op->req, 200, session_json(&op->session, op->d->base));
    else
        api_error(op->req, 400, "invalid_request_error", "resource_not_open",
                  op->session.status == SESSION_COMPLETE
                      ? "Only open sessions can be expired; this one is complete."
                      : "Only open sessions can be expired; this one is expired.");
}

void expire_by_api(void *ctx, struct wr_request *req)
{
    if (api_authorized(ctx, req))
        start(ctx, req, SESSION_EXPIRE, wr_request_param(req, "id"), answer_expire);
}

static void answer_refund(struct op *op, enum wr_err err)
{
    if (err == WR_ERR_NOT_FOUND)
        api_missing(op->req);
    else if (err)
        api_failed(op->req, err);
    else if (op->verdict != SESSION_REFUSED)
        wr_answer_json(op->req, 200, refund_json(&op->session));
    else if (op->session.payment == PAYMENT_REFUNDED)
        api_error(op->req, 400, "invalid_request_error", "charge_already_refunded",
                  "This payment has been refunded already.");
    else
        api_error(op->req, 400, "invalid_request_error", "payment_intent_unexpected_state",
                  "Nothing was paid that could be refunded.");
}

void refund_by_api(void *ctx, struct wr_request *req)
{
    char id[64];
    if (!api_authorized(ctx, req))
        return;
    const char *payment = wr_request_form(req, "payment_intent"), *session = wr_request_form(req, "session");
    if (payment && session_of_payment(payment, id))
        start(ctx, req, SESSION_REFUND, id, answer_refund);
    else if (session)
        start(ctx, req, SESSION_REFUND, session, answer_refund);
    else
        api_error(req, 400, "invalid_request_error", "parameter_missing",
                  "Name the payment_intent (or the session) to refund.");
}

/* ---- the shopper ---- */

/* Sent on to the page, so that loading it again sends nothing again. */
static void answer_page(struct op *op, enum wr_err err)
{
    if (err) {
        pay_page_problem(op->req, err);
        return;
    }
    if (op->verdict == SESSION_REFUSED) /* the page says why */
        wr_metrics_refusal(WR_ERR_CONFLICT);
    char where[100];
    snprintf(where, sizeof where, "/sandbox/pay/%s%s", op->session.id,
             op->act == SESSION_DECLINE ? "?note=declined" : "");
    wr_answer(op->req, &(struct wr_answer){.status = 303,
                                           .content_type = "text/plain; charset=utf-8",
                                           .headers = {{"location", where}, {"cache-control", "no-store"}}});
}

void pay_by_page(void *ctx, struct wr_request *req)
{
    start(ctx, req, SESSION_PAY, wr_request_param(req, "id"), answer_page);
}

void decline_by_page(void *ctx, struct wr_request *req)
{
    start(ctx, req, SESSION_DECLINE, wr_request_param(req, "id"), answer_page);
}
