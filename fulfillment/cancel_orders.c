/* cancel_orders.c
 *
 *   find (PostgreSQL) --> lock those that nobody else has --> cancel each --> all are done, in one transaction
 *                                          |
 *                                          one is refused: each in a transaction of its own, and it can only stop itself */
#include "cancel_orders.h"
#include "fulfillmentd.h"
#include "log.h"
#include "mem.h"
#include "one_by_one.h"
#include "repeat.h"
#include "settle_payment.h"
#include "sql_fulfillment.h"
#include <stdlib.h>
#include <string.h>

enum {
    PAUSE_MS = 1000,
    ROUND_MAX = 100, /* of find_cancels.sql */
};

struct cancel_orders {
    struct fulfillment *f;
    struct repeat *repeat;
    size_t found;
    struct found {
        struct order order;
        bool own; /* its own shopper asks */
    } cancels[ROUND_MAX];
    int cancelled;
};

static enum wr_err cancel_queued(struct wr_pg_conn *c, struct order *order)
{
    enum wr_err err = order_set(c, order, ORDER_CANCELLED, REASON_CANCELLED);
    /* The provider may be making the session at this moment: then it is to be found and closed. */
    enum payment_state next = order->payment_tried ? PAYMENT_CLOSING : PAYMENT_CLOSED;
    return err ? err : order_set_payment(c, order, next, NULL, NULL);
}

static enum wr_err cancel(struct wr_pg_conn *c, struct order *order)
{
    enum wr_err err;
    enum settled outcome;
    switch (order->status) {
    case ORDER_QUEUED:
        return cancel_queued(c, order);
    case ORDER_PENDING_PAYMENT:
        err = order_set(c, order, ORDER_EXPIRING, REASON_CANCELLED);
        return err ? err : orders_close_payment(c, &order, 1);
    case ORDER_EXPIRING:
        return wr_pg_query(c, &wr_sql_note_cancel, 1, (const char *[]){order->public_id}, NULL);
    case ORDER_CONFIRMED:
        return settle_refund(c, order, NULL, &outcome);
    default:
        return WR_OK; /* it is over already */
    }
}

static enum wr_err find(struct wr_pg_conn *c, struct cancel_orders *cancels)
{
    struct wr_rows *rows;
    cancels->found = 0;
    enum wr_err err = wr_pg_query(c, &wr_sql_find_cancels, 0, NULL, &rows);
    if (err)
        return err;
    for (size_t row = 0; row < wr_rows_count(rows); row++) {
        struct found *found = &cancels->cancels[cancels->found++];
        *found = (struct found){.own = wr_rows_bool(rows, row, "own")};
        wr_rows_copy(rows, row, "public_id", found->order.public_id, sizeof found->order.public_id);
    }
    wr_rows_free(rows);
    return WR_OK;
}

/* What somebody else has locked stays to do. */
static enum wr_err lock_own(struct wr_pg_conn *c, struct found cancels[], size_t count)
{
    struct order *own[ROUND_MAX];
    size_t owns = 0;
    for (size_t i = 0; i < count; i++) {
        cancels[i].order.locked = cancels[i].order.changed = false;
        if (cancels[i].own)
            own[owns++] = &cancels[i].order;
        else
            wr_warn("a cancel of somebody else's order is ignored", "order=%s", cancels[i].order.public_id);
    }
    return owns ? orders_lock_free(c, own, owns) : WR_OK;
}

static enum wr_err cancel_some(struct wr_pg_conn *c, struct found cancels[], size_t count)
{
    struct wr_buf done[1] = {{0}};
    enum wr_err err = lock_own(c, cancels, count);
    for (size_t i = 0; i < count && !err; i++) {
        if (cancels[i].order.locked)
            err = cancel(c, &cancels[i].order);
        if (cancels[i].order.locked || !cancels[i].own)
            wr_pg_array_add(&done[0], cancels[i].order.public_id);
    }
    if (!err && done[0].len)
        return query_arrays(c, &wr_sql_finish_cancels, done, 1, NULL);
    wr_buf_free(&done[0]);
    return err;
}

static enum wr_err cancel_found(struct wr_pg_conn *c, void *op)
{
    struct cancel_orders *cancels = op;
    enum wr_err err = find(c, cancels);
    return err ? err : cancel_some(c, cancels->cancels, cancels->found);
}

static enum wr_err cancel_one(struct wr_pg_conn *c, void *op)
{
    return cancel_some(c, op, 1);
}

static void on_failed(struct wr_pg_conn *c, void *item, enum wr_err err)
{
    struct found *found = item;
    wr_error("a cancel is refused", "order=%s err=%s why=\"%s\"", found->order.public_id, wr_err_slug(err),
             wr_pg_error(c));
    found->order.changed = false;
}

static enum wr_err work(struct wr_pg_conn *c, void *op)
{
    struct cancel_orders *cancels = op;
    enum wr_err err = one_by_one(c, &(struct one_by_one){.all = cancel_found,
                                                         .one = cancel_one,
                                                         .op = cancels,
                                                         .items = cancels->cancels,
                                                         .size = sizeof *cancels->cancels,
                                                         .count = &cancels->found,
                                                         .failed = on_failed});
    cancels->cancelled = 0;
    for (size_t i = 0; i < cancels->found; i++)
        cancels->cancelled +=
            cancels->cancels[i].order.changed && cancels->cancels[i].order.status == ORDER_CANCELLED;
    return err;
}

static void on_done(void *op, enum wr_err err)
{
    struct cancel_orders *cancels = op;
    if (!err && cancels->found) {
        order_count_status(ORDER_CANCELLED, cancels->cancelled);
        payment_jobs_kick(cancels->f->closings);
        payment_jobs_kick(cancels->f->refunds);
        repeat_kick(cancels->f->relay);
    }
    repeat_ended(cancels->repeat, err                           ? REPEAT_FAILED
                                  : cancels->found == ROUND_MAX ? REPEAT_MORE
                                                                : REPEAT_IDLE);
}

static void run(void *ctx)
{
    struct cancel_orders *cancels = ctx;
    if (wr_pg_submit(cancels->f->pg, work, on_done, cancels) != WR_OK)
        repeat_ended(cancels->repeat, REPEAT_FAILED);
}

static const struct repeat_kind repeated = {.pause_ms = PAUSE_MS, .run = run, .close = free};

struct repeat *cancel_orders_open(struct fulfillment *f)
{
    struct cancel_orders *cancels = wr_alloc(sizeof *cancels);
    cancels->f = f;
    cancels->repeat = repeat_new(&f->repeats, f->loop, &repeated, cancels);
    return cancels->repeat;
}
