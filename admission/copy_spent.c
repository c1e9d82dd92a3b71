/* copy_spent.c
 *
 *   BITCOUNT --changed--> GET --> PostgreSQL: what it has OR what came, one transaction
 *
 * Once a second. Bits are only added, so that copies of two instances may overtake each other. */
#include "admissiond.h"
#include "keyspace.h"
#include "lua_admission.h"
#include "spent.h"
#include "sql_admission.h"
#include <stdlib.h>

struct copy {
    struct sale *sale;
    int64_t run, gen, count;
    struct wr_buf bits;
};
static void on_count(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void on_bits(void *ctx, enum wr_err err, const struct wr_reply *reply);
static enum wr_err write_bits(struct wr_pg_conn *c, void *ctx);
static void on_written(void *ctx, enum wr_err err);
static void finish(struct copy *op);

static void ask(struct copy *op, const char *command, wr_redis_cb *cb)
{
    struct wr_args args = {0};
    wr_arg_text(&args, command);
    wr_key_spent(&args, op->sale->id, op->run, 0);
    wr_redis_command(op->sale->d->line, &args, cb, op);
    wr_args_free(&args);
}

void copy_spent(struct sale *sale)
{
    if (!sale->recorded || !wr_redis_connected(sale->d->line) || !sale_enter(sale, FLOW_SPENT))
        return;
    struct copy *op = wr_alloc(sizeof *op);
    *op = (struct copy){.sale = sale, .run = sale->line.run, .gen = sale->line.gen};
    ask(op, "BITCOUNT", on_count);
}

static void on_count(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct copy *op = ctx;
    struct sale *sale = op->sale;
    op->count = wr_reply_int(reply);
    bool copied = sale->spent_copied_gen == op->gen && sale->spent_copied == op->count;
    if (!step_done(sale, "count spent places", err, reply) || copied || op->count == 0)
        finish(op);
    else
        ask(op, "GET", on_bits);
}

static void on_bits(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct copy *op = ctx;
    size_t len;
    const char *bits = wr_reply_text(reply, &len);
    if (!step_done(op->sale, "read spent places", err, reply)) {
        finish(op);
        return;
    }
    wr_buf_add(&op->bits, bits, len);
    if (wr_pg_submit(op->sale->d->pg, write_bits, on_written, op) != WR_OK)
        finish(op);
}

static enum wr_err merge_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    struct copy *op = ctx;
    const char *lane[] = {WR_PG_INT(op->run), "0"};
    struct wr_rows *rows = NULL;
    enum wr_err err = wr_pg_query(c, &wr_sql_add_spent, 2, lane, NULL);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_lock_spent, 2, lane, &rows);
    if (err == WR_OK && (wr_rows_count(rows) != 1 || !spent_or_hex(&op->bits, wr_rows_text(rows, 0, "bits"))))
        err = WR_ERR_INTERNAL;
    wr_rows_free(rows);
    if (err != WR_OK)
        return err;
    struct wr_buf hex = {0};
    spent_hex(&op->bits, &hex);
    const char *values[] = {lane[0], lane[1], hex.at};
    err = wr_pg_query(c, &wr_sql_write_spent, 3, values, NULL);
    wr_buf_free(&hex);
    return err;
}

static enum wr_err write_bits(struct wr_pg_conn *c, void *ctx)
{
    return wr_pg_transact(c, merge_in_transaction, ctx);
}

static void on_written(void *ctx, enum wr_err err)
{
    struct copy *op = ctx;
    if (step_done(op->sale, "copy spent places", err, NULL)) {
        op->sale->spent_copied = op->count;
        op->sale->spent_copied_gen = op->gen;
        wr_metric_add(METRIC_SPENT_COPIES, 1);
    }
    finish(op);
}

static void finish(struct copy *op)
{
    sale_leave(op->sale, FLOW_SPENT);
    wr_buf_free(&op->bits);
    free(op);
}
