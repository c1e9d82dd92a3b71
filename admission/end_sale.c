/* end_sale.c
 *
 *   PostgreSQL: ends_at = now, version + 1, audit --> 200; load_sales publishes it
 *
 * From then on nothing is left to be bought; the phase becomes `ended` when no unit is held any more. */
#include "merchant.h"
#include "sale_answer.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

struct ending {
    struct admissiond *d;
    struct wr_request *req;
    char actor[ACTOR_MAX], sale[WR_SALE_LEN + 1];
    struct wr_rows *rows;
};

static enum wr_err end_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    struct ending *op = ctx;
    const char *id[] = {op->sale};
    const char *audit[] = {op->actor, "sale.end", op->sale, "{}"};
    enum wr_err err = wr_pg_query(c, &wr_sql_show_sale, 1, id, &op->rows);
    if (err == WR_OK && wr_rows_count(op->rows) == 0)
        err = WR_ERR_UNKNOWN_SALE;
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_end_sale, 1, id, NULL);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_insert_audit, 4, audit, NULL);
    wr_rows_free(op->rows);
    op->rows = NULL;
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_show_sale, 1, id, &op->rows);
    return err;
}

static enum wr_err write_end(struct wr_pg_conn *c, void *ctx)
{
    return wr_pg_transact(c, end_in_transaction, ctx);
}

static void on_written(void *ctx, enum wr_err err)
{
    struct ending *op = ctx;
    if (err == WR_OK) {
        wr_answer_json(op->req, 200, sale_answer(op->rows, 0));
        load_sales(op->d);
    } else {
        wr_answer_problem(op->req, err, NULL, 0);
    }
    wr_rows_free(op->rows);
    free(op);
}

void end_sale(void *ctx, struct wr_request *req)
{
    const char *sale = merchant_allowed(ctx, req) ? merchant_sale(req) : NULL;
    if (!sale)
        return;
    struct ending *op = wr_alloc(sizeof *op);
    op->d = ctx;
    op->req = req;
    merchant_actor(op->d, req, op->actor);
    wr_copy_text(op->sale, sizeof op->sale, sale, strlen(sale));
    if (wr_pg_submit(op->d->pg, write_end, on_written, op) == WR_OK)
        return;
    wr_answer_problem(req, WR_ERR_BUSY, NULL, 0);
    free(op);
}
