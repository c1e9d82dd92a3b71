/* list_sales.c - the merchant's sales out of PostgreSQL: all of them, or one. */
#include "merchant.h"
#include "sale_answer.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

struct listing {
    struct wr_request *req;
    char sale[WR_SALE_LEN + 1]; /* "": all */
    struct wr_rows *rows;
};

static enum wr_err read_rows(struct wr_pg_conn *c, void *ctx)
{
    struct listing *op = ctx;
    const char *id[] = {op->sale};
    if (op->sale[0])
        return wr_pg_query(c, &wr_sql_show_sale, 1, id, &op->rows);
    return wr_pg_query(c, &wr_sql_list_sales, 0, NULL, &op->rows);
}

static struct wr_json *all_of(const struct wr_rows *rows)
{
    struct wr_json *sales = wr_json_build("[]");
    for (size_t i = 0; i < wr_rows_count(rows); i++)
        wr_json_append(sales, sale_answer(rows, i));
    return wr_json_build("{s:o}", "sales", sales);
}

static void on_rows(void *ctx, enum wr_err err)
{
    struct listing *op = ctx;
    if (err == WR_OK && op->sale[0] && wr_rows_count(op->rows) == 0)
        err = WR_ERR_UNKNOWN_SALE;
    if (err != WR_OK)
        wr_answer_problem(op->req, err, NULL, 0);
    else
        wr_answer_json(op->req, 200, op->sale[0] ? sale_answer(op->rows, 0) : all_of(op->rows));
    wr_rows_free(op->rows);
    free(op);
}

static void list(struct admissiond *d, struct wr_request *req, const char *sale)
{
    struct listing *op = wr_alloc(sizeof *op);
    op->req = req;
    wr_copy_text(op->sale, sizeof op->sale, sale, strlen(sale));
    if (wr_pg_submit(d->pg, read_rows, on_rows, op) == WR_OK)
        return;
    wr_answer_problem(req, WR_ERR_BUSY, NULL, 0);
    free(op);
}

void list_sales(void *ctx, struct wr_request *req)
{
    if (merchant_allowed(ctx, req))
        list(ctx, req, "");
}

void show_sale(void *ctx, struct wr_request *req)
{
    const char *sale = merchant_allowed(ctx, req) ? merchant_sale(req) : NULL;
    if (sale)
        list(ctx, req, sale);
}
