/* cancel_orders.c */
#include "cancel_orders.h"
#include "fulfillmentd.h"
#include "log.h"
#include "mem.h"
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
    int cancelled;
};

static enum wr_err cancel_queued(struct wr_pg_conn *c, struct order *order)
{
    enum wr_err err = order_set(c, order, ORDER_CANCELLED, REASON_CANCELLED);
    /* The provider may be making the session at this moment: then it is to be found and closed. */
    return err ? err : order_set_payment(c, order, order->payment_tried ? "closing" : "closed", NULL, NULL);
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
        return err ? err : order_close_payment(c, order->public_id);
    case ORDER_EXPIRING:
        return wr_pg_query(c, &wr_sql_note_cancel, 1, (const char *[]){order->public_id}, NULL);
    case ORDER_CONFIRMED:
        return settle_refund(c, order, NULL, &outcome);
    default:
        return WR_OK; /* it is over already */
    }
}

static enum wr_err cancel_one(struct cancel_orders *cancels, struct wr_pg_conn *c, const char *public_id,
                              bool own)
{
    struct order order = {0};
    enum wr_err err = WR_OK;
    if (own) {
        err = order_lock(c, public_id, &order);
        if (!err)
            err = cancel(c, &order);
        cancels->cancelled += order.status == ORDER_CANCELLED && order.changed;
    } else {
        wr_warn("a cancel of somebody else's order is ignored", "order=%s", public_id);
    }
    return err ? err : wr_pg_query(c, &wr_sql_finish_cancel, 1, (const char *[]){public_id}, NULL);
}

static enum wr_err cancel_in_transaction(struct wr_pg_conn *c, void *op)
{
    struct cancel_orders *cancels = op;
    struct wr_rows *rows;
    cancels->cancelled = 0;
    enum wr_err err = wr_pg_query(c, &wr_sql_find_cancels, 0, NULL, &rows);
    if (err)
        return err;
    cancels->found = wr_rows_count(rows);
    for (size_t row = 0; row < cancels->found && !err; row++)
        err = cancel_one(cancels, c, wr_rows_text(rows, row, "public_id"), wr_rows_bool(rows, row, "own"));
    wr_rows_free(rows);
    return err;
}

static enum wr_err work(struct wr_pg_conn *c, void *op)
{
    return wr_pg_transact(c, cancel_in_transaction, op);
}

static void on_done(void *op, enum wr_err err)
{
    struct cancel_orders *cancels = op;
    if (!err && cancels->found) {
        order_count_status(ORDER_CANCELLED, cancels->cancelled);
        payment_jobs_kick(cancels->f->closings);
        payment_jobs_kick(cancels->f->refunds);
        relay_outbox_kick(cancels->f->relay);
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

struct cancel_orders *cancel_orders_open(struct fulfillment *f)
{
    struct cancel_orders *cancels = wr_alloc(sizeof *cancels);
    cancels->f = f;
    cancels->repeat = repeat_new(f->loop, PAUSE_MS, 0, run, cancels);
    return cancels;
}

void cancel_orders_kick(struct cancel_orders *cancels)
{
    if (cancels)
        repeat_kick(cancels->repeat);
}

void cancel_orders_stop(struct cancel_orders *cancels)
{
    repeat_stop(cancels->repeat);
}

bool cancel_orders_idle(const struct cancel_orders *cancels)
{
    return !repeat_running(cancels->repeat);
}

void cancel_orders_close(struct cancel_orders *cancels)
{
    if (!cancels)
        return;
    repeat_free(cancels->repeat);
    free(cancels);
}
