/* place_order.c
 *
 *   shape -> sold-out flag -> signature          (a refusal is answered here, without an op)
 *                               |
 *   use (line)  <---------------'                whatever it says goes on: the key may be known
 *     |
 *   reserve (stock) --refused--> finish(error)   nothing was stored
 *     |
 *     held, known
 *     v
 *   promise --nobody is known to have it--> finish(NO_ANSWER)   and everything stays
 *     |
 *     `--> finish(OK)
 *
 * The calls of one loop turn are one script call (batch.h). An expired token skips `use`: it may look up its
 * key, and marks nobody entered. The flow owns `op` until finish(), the only place that answers and frees. */
#include "place_order.h"
#include "answers.h"
#include "checkout_metrics.h"
#include "clock.h"
#include "log.h"
#include "promise_entry.h"
#include "request.h"
#include "token_check.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct op {
    struct batch_item item; /* first: of use, then of reserve */
    struct checkoutd *d;
    struct wr_request *req;
    uint64_t began_us;
    struct purchase ask;
    struct wr_token token;
    enum wr_err admission; /* OK: it lives; otherwise what is answered if the key is not known */
    char order_id[WR_UUID_LEN + 1], hash[33], status[WR_ORDER_STATUS_MAX];
    char entry[OUTBOX_ID_MAX];
    struct wr_buf event;
    int64_t remaining;
    bool stock_closed;
    struct promise promise;
};

static void begin(struct checkoutd *d, struct wr_request *req, const struct purchase *ask,
                  const struct wr_token *token, enum wr_err admission);
static void use(struct op *op);
static void on_used(void *ctx, enum wr_err err, const struct wr_reply *row);
static void reserve(struct op *op);
static void on_reserved(void *ctx, enum wr_err err, const struct wr_reply *row);
static void promise(struct op *op);
static void on_promised(void *ctx, enum wr_err err);
static void finish(struct op *op, enum wr_err err);

void place_order(void *ctx, struct wr_request *req)
{
    struct checkoutd *d = ctx;
    const char *id = wr_request_param(req, "sale");
    const struct wr_sale *sale = wr_sales_find(d->sales, id);
    struct purchase ask;
    if (!sale) {
        wr_answer_problem(req, wr_sales_missing(d->sales), NULL, 0);
        return;
    }
    if (!purchase_read(d, req, &ask))
        return;
    if (!wr_sale_has_sku(sale, ask.sku)) {
        wr_answer_problem(req, WR_ERR_UNKNOWN_SKU, NULL, 0);
        return;
    }
    if (!ask.retry && sold_out_is(&d->sold_out, sale->id, ask.sku, wr_loop_now_ms(d->loop))) {
        wr_metric_add(METRIC_FLAGGED, 1);
        answer_sold_out(req, 0);
        return;
    }
    struct token_claim claim = {
        .text = ask.token, .len = strlen(ask.token), .shopper = ask.shopper, .may_be_expired = ask.retry};
    struct wr_token token;
    bool expired;
    enum wr_err err = token_check(d->ring, sale, &claim, wr_wall_ms() / 1000, &token, &expired);
    if (!err)
        err = checkoutd_enter(d, ask.shopper);
    if (err) {
        wr_answer_problem(req, err, NULL, 0);
        return;
    }
    begin(d, req, &ask, &token, expired ? WR_ERR_TOKEN_EXPIRED : WR_OK);
}

static void begin(struct checkoutd *d, struct wr_request *req, const struct purchase *ask,
                  const struct wr_token *token, enum wr_err admission)
{
    struct op *op = wr_alloc(sizeof *op);
    op->d = d;
    op->req = req;
    op->began_us = wr_mono_us();
    op->ask = *ask;
    op->token = *token;
    op->admission = admission;
    wr_order_id(d->order_key, token->run, token->jti, token->granted_ms, op->order_id);
    purchase_hash(ask, op->hash);
    wr_copy_text(op->item.sale, sizeof op->item.sale, token->sale, strlen(token->sale));
    if (admission)
        reserve(op);
    else
        use(op);
}

static void use(struct op *op)
{
    op->item.lane = op->token.lane;
    op->item.done = on_used;
    op->item.ctx = op;
    batch_add(op->d->use, &op->item);
}

enum wr_err place_order_open_use(const struct wr_sale *sale, struct wr_args *args)
{
    if (sale->closed)
        return WR_ERR_CLOSED;
    wr_arg_int(args, sale->gen);
    return WR_OK;
}

void place_order_write_use(const struct batch_item *item, struct wr_args *args)
{
    const struct op *op = (const struct op *)item;
    const struct wr_token *t = &op->token;
    const struct wr_sale *sale = wr_sales_find(op->d->sales, item->sale);
    wr_arg_int(args, (int64_t)t->place);
    wr_arg_text(args, t->jti);
    wr_arg_text(args, t->shopper);
    /* A run that opened since the token was checked: what earlier generations may do without a row is not for
     * it. */
    wr_arg_int(args, t->run == sale->run ? t->gen : sale->gen);
}

/* A line that does not answer has reserved nothing: the refusal is "closed", not "outcome unknown". */
static void on_used(void *ctx, enum wr_err err, const struct wr_reply *row)
{
    struct op *op = ctx;
    const char *state = wr_reply_text(row, NULL);
    if (err)
        op->admission = WR_ERR_CLOSED;
    else if (strcmp(state, "live") == 0)
        op->admission = WR_OK;
    else
        op->admission = strcmp(state, "blocked") == 0 ? WR_ERR_BLOCKED : WR_ERR_NOT_ADMITTED;
    reserve(op);
}

static void reserve(struct op *op)
{
    op->item.lane = 0; /* a shopper's home does not depend on the lane */
    op->item.done = on_reserved;
    op->item.ctx = op;
    batch_add(op->d->reserve, &op->item);
}

/* A sale has started when its phase says so; its end is looked at by the script, too. */
static const char *window(enum wr_phase phase)
{
    if (phase == WR_PHASE_LIVE || phase == WR_PHASE_SOLD_OUT)
        return "open";
    return phase == WR_PHASE_ENDED ? "ended" : "not-open";
}

enum wr_err place_order_open_reserve(const struct wr_sale *sale, struct wr_args *args)
{
    wr_arg_int(args, sale->deal);
    wr_arg_text(args, window(sale->phase));
    wr_arg_int(args, wr_wall_ms());
    wr_arg_int(args, sale->ends_at);
    wr_arg_int(args, sale->per_shopper);
    return WR_OK;
}

void place_order_write_reserve(const struct batch_item *item, struct wr_args *args)
{
    const struct op *op = (const struct op *)item;
    const struct wr_sale *sale = wr_sales_find(op->d->sales, op->item.sale);
    struct new_order order = {.order_id = op->order_id,
                              .sku = op->ask.sku,
                              .token = &op->token,
                              .quantity = op->ask.quantity,
                              .deal = sale->deal,
                              .reserved_at = wr_wall_ms()};
    struct wr_buf record = {0}, event = {0};
    order_record_write(&order, &record);
    order_event_write(&order, &event);
    wr_arg_text(args, op->ask.key);
    wr_arg_text(args, op->hash);
    wr_arg_text(args, op->order_id);
    wr_arg_text(args, op->admission == WR_OK ? "1" : "0");
    wr_arg_text(args, op->token.shopper);
    wr_arg_text(args, op->ask.sku);
    wr_arg_int(args, op->ask.quantity);
    wr_arg_text(args, op->token.jti);
    wr_arg(args, record.at, record.len);
    wr_arg(args, event.at, event.len);
    wr_buf_free(&record);
    wr_buf_free(&event);
}

/* What reserve.lua answers, as a result. Not in the table: not-admitted, which `use` has explained. */
static const struct {
    const char *code;
    enum wr_err err;
} codes[] = {
    {"held", WR_OK},
    {"known", WR_OK},
    {"sold-out", WR_ERR_SOLD_OUT},
    {"token-used", WR_ERR_TOKEN_USED},
    {"key-reused", WR_ERR_KEY_REUSED},
    {"over-limit", WR_ERR_OVER_LIMIT},
    {"unknown-sku", WR_ERR_UNKNOWN_SKU},
    {"not-open", WR_ERR_NOT_OPEN},
    {"ended", WR_ERR_ENDED},
    {"drift", WR_ERR_BACKEND},
};

static enum wr_err result(const struct op *op, const char *code)
{
    if (strcmp(code, "not-admitted") == 0)
        return op->admission;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].err;
    wr_error("reserve answered what nobody knows", "code=\"%s\"", code);
    return WR_ERR_NO_ANSWER;
}

static void copy(const struct wr_reply *row, size_t i, char *out, size_t cap)
{
    size_t len;
    const char *text = wr_reply_text(wr_reply_at(row, i), &len);
    wr_copy_text(out, cap, text, len);
}

static void on_reserved(void *ctx, enum wr_err err, const struct wr_reply *row)
{
    struct op *op = ctx;
    if (err) {
        op->stock_closed = err == WR_ERR_CLOSED;
        finish(op, err);
        return;
    }
    const char *code = wr_reply_text(wr_reply_at(row, 0), NULL);
    err = result(op, code);
    if (err == WR_ERR_TOKEN_USED || err == WR_OK)
        copy(row, 1, op->order_id, sizeof op->order_id);
    if (err == WR_ERR_SOLD_OUT) {
        op->remaining = wr_reply_int(wr_reply_at(row, 4));
        if (op->remaining == 0)
            sold_out_set(&op->d->sold_out, op->item.sale, op->ask.sku, wr_loop_now_ms(op->d->loop));
    }
    if (strcmp(code, "drift") == 0) {
        wr_metric_add(METRIC_DRIFT, 1);
        wr_error("stock accounting does not close", "sale=%s sku=%s", op->item.sale, op->ask.sku);
    }
    if (err) {
        finish(op, err);
        return;
    }
    wr_metric_add(strcmp(code, "held") == 0 ? METRIC_HELD : METRIC_KNOWN, 1);
    copy(row, 2, op->status, sizeof op->status);
    copy(row, 5, op->entry, sizeof op->entry);
    size_t len;
    const char *event = wr_reply_text(wr_reply_at(row, 6), &len);
    wr_buf_add(&op->event, event, len);
    if (*op->entry)
        promise(op);
    else
        finish(op, WR_OK); /* Kafka has it since some earlier time */
}

static void promise(struct op *op)
{
    op->promise.entry = (struct outbox_entry){.sale = op->item.sale,
                                              .id = op->entry,
                                              .order_id = op->order_id,
                                              .event = op->event.at,
                                              .event_len = op->event.len,
                                              .reserved = true};
    op->promise.done = on_promised;
    op->promise.ctx = op;
    promise_entry(&op->promise, op->d->durability, op->d->outbox, op->d->loop);
}

static void on_promised(void *ctx, enum wr_err err)
{
    finish(ctx, err);
}

static void answer_window(const struct op *op)
{
    const struct wr_sale *sale = wr_sales_find(op->d->sales, op->item.sale);
    answer_not_open(op->req, sale ? sale->starts_at - wr_wall_ms() : 0);
}

static void answer_limit(const struct op *op)
{
    char detail[120];
    const struct wr_sale *sale = wr_sales_find(op->d->sales, op->item.sale);
    snprintf(detail, sizeof detail, "One shopper may hold %d of an article.", sale ? sale->per_shopper : 0);
    wr_answer_problem(op->req, WR_ERR_OVER_LIMIT, sale ? detail : NULL, 0);
}

/* Only what a store answered asks for the sale: a store that is closing gives none, and the line that the sales are
 * read from is gone by then. */
static void refuse(struct op *op, enum wr_err err)
{
    char detail[120];
    switch (err) {
    case WR_ERR_SOLD_OUT:
        answer_sold_out(op->req, op->remaining);
        return;
    case WR_ERR_CLOSED:
        wr_answer_problem(op->req, err,
                       op->stock_closed
                           ? "The stock of this sale is not there at the moment; nothing was reserved."
                           : NULL, 0);
        return;
    case WR_ERR_NOT_OPEN:
        answer_window(op);
        return;
    case WR_ERR_TOKEN_USED:
        snprintf(detail, sizeof detail, "It reserved order %s.", op->order_id);
        wr_answer_problem(op->req, err, detail, 0);
        return;
    case WR_ERR_OVER_LIMIT:
        answer_limit(op);
        return;
    default:
        wr_answer_problem(op->req, err, NULL, 0);
    }
}

static void finish(struct op *op, enum wr_err err)
{
    struct checkoutd *d = op->d;
    if (err) {
        refuse(op, err);
    } else {
        wr_metric_observe_us(METRIC_ACKNOWLEDGE, wr_mono_us() - op->began_us);
        answer_accepted(op->req, &(struct accepted){.order_id = op->order_id,
                                                    .sale = op->item.sale,
                                                    .status = op->status,
                                                    .sku = op->ask.sku,
                                                    .quantity = op->ask.quantity});
    }
    char shopper[WR_SHOPPER_LEN + 1];
    memcpy(shopper, op->ask.shopper, sizeof shopper);
    wr_buf_free(&op->event);
    free(op);
    checkoutd_leave(d, shopper);
}
