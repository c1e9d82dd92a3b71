/* expire_holds.c
 *
 *   find (PostgreSQL, locked) --> all are expiring, their payments to be closed, in one transaction
 *                                  |
 *                                  refused: each in a transaction of its own, and one can only stop itself */
#include "change_order.h"
#include "expire_holds.h"
#include "fulfillmentd.h"
#include "log.h"
#include "mem.h"
#include "one_by_one.h"
#include "repeat.h"
#include "sql_fulfillment.h"
#include <stdlib.h>

enum {
    PAUSE_MS = 250,
    ROUND_MAX = 100, /* of find_expired.sql */
};

struct expire_holds {
    struct fulfillment *f;
    struct repeat *repeat;
    size_t found;
    struct order orders[ROUND_MAX];
};

static enum wr_err find(struct wr_pg_conn *c, struct expire_holds *e)
{
    struct wr_rows *rows;
    e->found = 0;
    enum wr_err err = wr_pg_query(c, &wr_sql_find_expired, 0, NULL, &rows);
    if (err)
        return err;
    for (size_t row = 0; row < wr_rows_count(rows); row++) {
        struct order *order = &e->orders[e->found++];
        *order = (struct order){.status = ORDER_PENDING_PAYMENT};
        wr_rows_copy(rows, row, "public_id", order->public_id, sizeof order->public_id);
    }
    wr_rows_free(rows);
    return WR_OK;
}

static enum wr_err expire(struct wr_pg_conn *c, struct order *const orders[], size_t count)
{
    enum wr_err err = orders_set(c, orders, count, ORDER_EXPIRING, NULL);
    return err ? err : orders_close_payment(c, orders, count);
}

static enum wr_err expire_found(struct wr_pg_conn *c, void *op)
{
    struct expire_holds *e = op;
    struct order *orders[ROUND_MAX];
    enum wr_err err = find(c, e);
    for (size_t i = 0; i < e->found; i++)
        orders[i] = &e->orders[i];
    return err || !e->found ? err : expire(c, orders, e->found);
}

static enum wr_err expire_one(struct wr_pg_conn *c, void *op)
{
    struct order *order = op;
    enum wr_err err = order_lock(c, order->public_id, order);
    return err || order->status != ORDER_PENDING_PAYMENT ? err : expire(c, &order, 1);
}

static void on_failed(struct wr_pg_conn *c, void *item, enum wr_err err)
{
    const struct order *order = item;
    wr_error("an order cannot expire", "order=%s err=%s why=\"%s\"", order->public_id, wr_err_slug(err),
             wr_pg_error(c));
}

static enum wr_err work(struct wr_pg_conn *c, void *op)
{
    struct expire_holds *e = op;
    return one_by_one(c, &(struct one_by_one){.all = expire_found,
                                              .one = expire_one,
                                              .op = e,
                                              .items = e->orders,
                                              .size = sizeof *e->orders,
                                              .count = &e->found,
                                              .failed = on_failed});
}

static void on_done(void *op, enum wr_err err)
{
    struct expire_holds *e = op;
    if (!err && e->found)
        payment_jobs_kick(e->f->closings);
    repeat_ended(e->repeat, err ? REPEAT_FAILED : e->found == ROUND_MAX ? REPEAT_MORE : REPEAT_IDLE);
}

static void run(void *ctx)
{
    struct expire_holds *e = ctx;
    if (wr_pg_submit(e->f->pg, work, on_done, e) != WR_OK)
        repeat_ended(e->repeat, REPEAT_FAILED);
}

static const struct repeat_kind repeated = {.pause_ms = PAUSE_MS, .run = run, .close = free};

void expire_holds_open(struct fulfillment *f)
{
    struct expire_holds *e = wr_alloc(sizeof *e);
    e->f = f;
    e->repeat = repeat_new(&f->repeats, f->loop, &repeated, e);
}
