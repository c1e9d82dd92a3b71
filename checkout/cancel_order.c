/* cancel_order.c
 *
 *   shape, secret --> find (stock) --> ask (stock) --asked, known--> promise --> finish(OK)
 *                        |                |                             |
 *                        |                too late, another's           nobody is known to have it
 *                        not found,       v                             v
 *                        withdrawn        finish(error)                 finish(NO_ANSWER)
 *                        v
 *                        finish(error) */
#include "cancel_order.h"
#include "answers.h"
#include "checkout_metrics.h"
#include "clock.h"
#include "find_order.h"
#include "lua_checkout.h"
#include "promise_entry.h"
#include "keyspace.h"
#include "request.h"
#include <stdlib.h>
#include <string.h>

struct op {
    struct checkoutd *d;
    struct wr_request *req;
    char shopper[WR_SHOPPER_LEN + 1], order_id[WR_UUID_LEN + 1];
    struct find find;
    char entry[OUTBOX_ID_MAX];
    struct wr_buf event;
    struct promise promise;
};

static void on_found(void *ctx, enum wr_err err);
static void on_asked(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void promise(struct op *op);
static void on_promised(void *ctx, enum wr_err err);
static void refuse(struct wr_request *req, enum wr_err err);
static void finish(struct op *op, enum wr_err err);

void cancel_order(void *ctx, struct wr_request *req)
{
    struct checkoutd *d = ctx;
    char shopper[WR_SHOPPER_LEN + 1], order_id[WR_UUID_LEN + 1];
    const char *sale;
    enum wr_err err = request_order(d, req, shopper, order_id, &sale);
    if (!err)
        err = checkoutd_enter(d, shopper);
    if (err) {
        refuse(req, err);
        return;
    }
    struct op *op = wr_alloc(sizeof *op);
    op->d = d;
    op->req = req;
    memcpy(op->shopper, shopper, sizeof shopper);
    memcpy(op->order_id, order_id, sizeof order_id);
    op->find.done = on_found;
    op->find.ctx = op;
    find_order(&op->find, d, op->order_id, sale);
}

/* Nobody carries the outbox of a sale that was withdrawn: what is asked there would come to no end. */
static enum wr_err can_be_asked(const struct op *op)
{
    const struct wr_sales *sales = op->d->sales;
    if (wr_sales_find(sales, op->find.sale))
        return WR_OK;
    return wr_sales_fresh(sales) ? WR_ERR_NOT_FOUND : WR_ERR_BACKEND;
}

static void on_found(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    if (!err)
        err = can_be_asked(op);
    if (err) {
        finish(op, err == WR_ERR_NO_ANSWER ? WR_ERR_BACKEND : err); /* nothing was asked yet */
        return;
    }
    struct wr_buf event = {0};
    cancel_event_write(op->find.sale, op->order_id, op->shopper, wr_wall_ms(), &event);
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_cancel, op->find.sale);
    wr_arg_text(&args, op->order_id);
    wr_arg_text(&args, op->shopper);
    wr_arg(&args, event.at, event.len);
    wr_redis_eval(op->d->stock, &wr_lua_cancel, &args, on_asked, op);
    wr_args_free(&args);
    wr_buf_free(&event);
}

static void on_asked(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct op *op = ctx;
    if (err) {
        finish(op, err);
        return;
    }
    const char *code = wr_reply_text(wr_reply_at(reply, 0), NULL);
    if (strcmp(code, "not-found") == 0) {
        finish(op, WR_ERR_NOT_FOUND);
        return;
    }
    if (strcmp(code, "too-late") == 0) {
        finish(op, WR_ERR_CONFLICT);
        return;
    }
    size_t len;
    const char *text = wr_reply_text(wr_reply_at(reply, 1), &len);
    wr_copy_text(op->entry, sizeof op->entry, text, len);
    text = wr_reply_text(wr_reply_at(reply, 2), &len);
    wr_buf_add(&op->event, text, len);
    if (strcmp(code, "asked") == 0)
        wr_metric_add(METRIC_CANCELS, 1);
    if (*op->entry)
        promise(op);
    else
        finish(op, WR_OK);
}

static void promise(struct op *op)
{
    op->promise.entry = (struct outbox_entry){.sale = op->find.sale,
                                              .id = op->entry,
                                              .order_id = op->order_id,
                                              .event = op->event.at,
                                              .event_len = op->event.len,
                                              .reserved = false};
    op->promise.done = on_promised;
    op->promise.ctx = op;
    promise_entry(&op->promise, op->d->durability, op->d->outbox, op->d->loop);
}

static void on_promised(void *ctx, enum wr_err err)
{
    finish(ctx, err);
}

static void refuse(struct wr_request *req, enum wr_err err)
{
    wr_answer_problem(req, err, err == WR_ERR_CONFLICT ? "This order can no longer be cancelled." : NULL, 0);
}

static void finish(struct op *op, enum wr_err err)
{
    struct checkoutd *d = op->d;
    struct wr_json *view =
        err ? NULL : order_record_view(op->find.record.at, op->find.record.len, op->shopper, &err);
    if (err)
        refuse(op->req, err);
    else
        answer_cancel_asked(op->req, op->order_id, op->find.sale, view);
    char shopper[WR_SHOPPER_LEN + 1];
    memcpy(shopper, op->shopper, sizeof shopper);
    find_free(&op->find);
    wr_buf_free(&op->event);
    free(op);
    checkoutd_leave(d, shopper);
}
