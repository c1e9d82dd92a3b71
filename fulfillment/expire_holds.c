/* expire_holds.c */
#include "expire_holds.h"
#include "fulfillmentd.h"
#include "mem.h"
#include "repeat.h"
#include "sql_fulfillment.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    PAUSE_MS = 250,
    ROUND_MAX = 100, /* of find_expired.sql */
};

struct expire_holds {
    struct fulfillment *f;
    struct repeat *repeat;
    size_t found;
};

static enum wr_err expire_one(struct wr_pg_conn *c, const char *public_id)
{
    struct order order = {.status = ORDER_PENDING_PAYMENT};
    snprintf(order.public_id, sizeof order.public_id, "%s", public_id);
    enum wr_err err = order_set(c, &order, ORDER_EXPIRING, NULL);
    return err ? err : order_close_payment(c, public_id);
}

static enum wr_err expire_in_transaction(struct wr_pg_conn *c, void *op)
{
    struct expire_holds *e = op;
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_find_expired, 0, NULL, &rows);
    if (err)
        return err;
    e->found = wr_rows_count(rows);
    for (size_t row = 0; row < e->found && !err; row++)
        err = expire_one(c, wr_rows_text(rows, row, "public_id"));
    wr_rows_free(rows);
    return err;
}

static enum wr_err work(struct wr_pg_conn *c, void *op)
{
    return wr_pg_transact(c, expire_in_transaction, op);
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

struct expire_holds *expire_holds_open(struct fulfillment *f)
{
    struct expire_holds *e = wr_alloc(sizeof *e);
    e->f = f;
    e->repeat = repeat_new(f->loop, PAUSE_MS, 0, run, e);
    return e;
}

void expire_holds_stop(struct expire_holds *e)
{
    repeat_stop(e->repeat);
}

bool expire_holds_idle(const struct expire_holds *e)
{
    return !repeat_running(e->repeat);
}

void expire_holds_close(struct expire_holds *e)
{
    if (!e)
        return;
    repeat_free(e->repeat);
    free(e);
}
