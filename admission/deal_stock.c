/* deal_stock.c
 *
 *   the stock is not there, or of an earlier deal
 *      |
 *   line: how many have entered?
 *      |
 *   PostgreSQL: may this deal be dealt? --no--> the sale waits, closed: a rebuild is needed
 *      |        recorded; total and committed of every sku
 *      v
 *   Redis: free = total - committed, once per deal --> count_left
 *
 * A deal is dealt again only while nobody can have bought under it: no order of the run is known and nobody has
 * entered. Afterwards there may be reservations that Redis has forgotten and PostgreSQL has not seen, still on their
 * way through Kafka, and orders without a record in Redis, whose units would never come back: free = total -
 * committed is then wrong in both directions. What is needed is a new deal (runs.deal).
 *
 * The line is asked after the stock was seen to be gone: whoever reserved before that had entered before, and the
 * line as last stepped may be a quarter of a second old. */
#include "admissiond.h"
#include "clock.h"
#include "keyspace.h"
#include "log.h"
#include "lua_admission.h"
#include "sql_admission.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ASK_AGAIN_MS 2000

struct deal {
    struct sale *sale;
    char id[WR_SALE_LEN + 1];
    int64_t deal, entered;
    bool current, allowed; /* found by the transaction */
    struct wr_rows *skus;
};
static void on_entered(void *ctx, enum wr_err err, const struct wr_reply *reply);
static enum wr_err read_ledger(struct wr_pg_conn *c, void *ctx);
static void on_ledger(void *ctx, enum wr_err err);
static void on_dealt(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void deal_free(struct deal *op);

void deal_stock(struct sale *sale)
{
    if (sale->rebuild_needed && wr_mono_ms() - sale->rebuild_asked_ms < ASK_AGAIN_MS)
        return;
    if (!wr_redis_connected(sale->d->line) || !sale_enter(sale, FLOW_DEAL))
        return;
    struct deal *op = wr_alloc(sizeof *op);
    op->sale = sale;
    op->deal = sale->deal;
    memcpy(op->id, sale->id, sizeof op->id);
    char key[WR_KEY_MAX];
    wr_redis_commandv(sale->d->line, on_entered, op, "HGET", wr_key_line_text(key, op->id, "line"), "entered_total", NULL);
}

static void on_entered(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct deal *op = ctx;
    struct sale *sale = op->sale;
    op->entered = wr_reply_int(reply); /* 0 when the line is lost too: the database's copy of `spent` decides */
    if (!step_done(sale, "count who entered", err, reply) ||
        wr_pg_submit(sale->d->pg, read_ledger, on_ledger, op) != WR_OK) {
        sale_leave(sale, FLOW_DEAL);
        deal_free(op);
    }
}

/* ---- on the pool thread ---- */

static enum wr_err look_whether_allowed(struct wr_pg_conn *c, struct deal *op)
{
    struct wr_rows *rows = NULL;
    const char *values[] = {op->id, WR_PG_INT(op->deal), WR_PG_INT(op->entered)};
    enum wr_err err = wr_pg_query(c, &wr_sql_deal_allowed, 3, values, &rows);
    op->current = err == WR_OK && wr_rows_count(rows) == 1;
    op->allowed = op->current && wr_rows_bool(rows, 0, "allowed");
    wr_rows_free(rows);
    return err;
}

static enum wr_err read_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    struct deal *op = ctx;
    const char *values[] = {op->id, WR_PG_INT(op->deal)};
    enum wr_err err = look_whether_allowed(c, op);
    if (err == WR_OK && op->allowed)
        err = wr_pg_query(c, &wr_sql_record_deal, 2, values, NULL);
    if (err == WR_OK && op->allowed)
        err = wr_pg_query(c, &wr_sql_stock_to_deal, 2, values, &op->skus);
    return err;
}

static enum wr_err read_ledger(struct wr_pg_conn *c, void *ctx)
{
    return wr_pg_transact(c, read_in_transaction, ctx);
}

/* ---- on the loop ---- */

static void need_rebuild(struct sale *sale)
{
    sale->rebuild_asked_ms = wr_mono_ms();
    if (sale->rebuild_needed)
        return;
    sale->rebuild_needed = true;
    wr_error("stock lost: the sale waits, closed, for a rebuild", "sale=%s run=%" PRId64 " deal=%" PRId64,
             sale->id, sale->run, sale->deal);
}

static void send_deal(const struct deal *op)
{
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_deal_stock, op->id);
    wr_arg_int(&args, op->deal);
    for (size_t i = 0; i < wr_rows_count(op->skus); i++) {
        wr_arg_text(&args, wr_rows_text(op->skus, i, "sku"));
        wr_arg_text(&args, wr_rows_text(op->skus, i, "total"));
        wr_arg_text(&args, wr_rows_text(op->skus, i, "free"));
    }
    wr_redis_eval(op->sale->d->stock, &wr_lua_deal_stock, &args, on_dealt, op->sale);
    wr_args_free(&args);
}

static void on_ledger(void *ctx, enum wr_err err)
{
    struct deal *op = ctx;
    struct sale *sale = op->sale;
    bool done = step_done(sale, "read the ledger", err, NULL);
    if (done && op->current && !op->allowed)
        need_rebuild(sale);
    if (done && op->skus && wr_rows_count(op->skus))
        send_deal(op);
    else
        sale_leave(sale, FLOW_DEAL);
    deal_free(op);
}

static void on_dealt(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_DEAL);
    if (!step_done(sale, "deal the stock", err, reply))
        return;
    if (wr_reply_int(reply) == 1) {
        wr_info("stock dealt", "sale=%s deal=%" PRId64, sale->id, sale->deal);
        wr_metric_add(METRIC_DEALS, 1);
    }
    count_left(sale);
}

static void deal_free(struct deal *op)
{
    wr_rows_free(op->skus);
    free(op);
}
