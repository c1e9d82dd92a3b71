/* deal_stock.c
 *
 *   PostgreSQL: total and committed of every sku --> Redis: free = total - committed, once per deal -->
 * count_left */
#include "admissiond.h"
#include "int_text.h"
#include "keys.h"
#include "log.h"
#include "lua_admission.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

struct deal {
    struct sale *sale;
    char id[WR_SALE_LEN + 1];
    int64_t deal;
    struct wr_rows *skus;
};
static enum wr_err read_ledger(struct wr_pg_conn *c, void *ctx);
static void on_ledger(void *ctx, enum wr_err err);
static void on_dealt(void *ctx, enum wr_err err, const struct wr_reply *reply);

void deal_stock(struct sale *sale)
{
    if (!sale_enter(sale, FLOW_DEAL))
        return;
    struct deal *op = wr_alloc(sizeof *op);
    op->sale = sale;
    op->deal = sale->deal;
    memcpy(op->id, sale->id, sizeof op->id);
    if (wr_pg_submit(sale->d->pg, read_ledger, on_ledger, op) != WR_OK) {
        sale_leave(sale, FLOW_DEAL);
        free(op);
    }
}

static enum wr_err read_ledger(struct wr_pg_conn *c, void *ctx)
{
    struct deal *op = ctx;
    const char *values[] = {op->id, INT(op->deal)};
    return wr_pg_query(c, &wr_sql_stock_to_deal, 2, values, &op->skus);
}

static void on_ledger(void *ctx, enum wr_err err)
{
    struct deal *op = ctx;
    struct sale *sale = op->sale;
    if (step_done(sale, "read the ledger", err, NULL) && wr_rows_count(op->skus)) {
        struct wr_args args = {0};
        key_stock(&args, sale->id, 0);
        wr_arg_int(&args, op->deal);
        for (size_t i = 0; i < wr_rows_count(op->skus); i++) {
            wr_arg_text(&args, wr_rows_text(op->skus, i, "sku"));
            wr_arg_text(&args, wr_rows_text(op->skus, i, "total"));
            wr_arg_text(&args, wr_rows_text(op->skus, i, "free"));
        }
        wr_redis_eval(sale->d->stock, &wr_lua_deal_stock, &args, on_dealt, sale);
        wr_args_free(&args);
    } else {
        sale_leave(sale, FLOW_DEAL);
    }
    wr_rows_free(op->skus);
    free(op);
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
