/* change_pace.c - GET and PUT /v1/admin/settings: how many orders a second each fulfillmentd takes. It
 * reads that from PostgreSQL, so PostgreSQL is all that is needed here. */
#include "merchant.h"
#include "sql_admission.h"
#include <stdlib.h>

struct pace {
    struct wr_request *req;
    char actor[ACTOR_MAX];
    int64_t orders_per_second; /* -1: only read it */
};
static const struct wr_json_field fields[] = {
    WR_FIELD_INT(struct pace, orders_per_second, "orders_per_second", true, 1, 100000),
    {0},
};

static enum wr_err write_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    const struct pace *op = ctx;
    int64_t value = op->orders_per_second;
    struct wr_json *detail = wr_json_build("{s:I}", "orders_per_second", value);
    struct wr_buf text = {0};
    wr_json_render(detail, &text);
    wr_json_free(detail);
    const char *values[] = {WR_PG_INT(value)};
    const char *audit[] = {op->actor, "pace.set", NULL, text.at};
    enum wr_err err = wr_pg_query(c, &wr_sql_write_pace, 1, values, NULL);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_insert_audit, 4, audit, NULL);
    wr_buf_free(&text);
    return err;
}

static enum wr_err work(struct wr_pg_conn *c, void *ctx)
{
    struct pace *op = ctx;
    if (op->orders_per_second >= 0)
        return wr_pg_transact(c, write_in_transaction, op);
    struct wr_rows *rows = NULL;
    enum wr_err err = wr_pg_query(c, &wr_sql_read_pace, 0, NULL, &rows);
    if (err == WR_OK)
        op->orders_per_second = wr_rows_int(rows, 0, "value");
    wr_rows_free(rows);
    return err;
}

static void on_done(void *ctx, enum wr_err err)
{
    struct pace *op = ctx;
    if (err == WR_OK)
        wr_answer_json(op->req, 200, wr_json_build("{s:I}", "orders_per_second", op->orders_per_second));
    else
        wr_answer_problem(op->req, err, NULL, 0);
    free(op);
}

static void submit(struct admissiond *d, const struct pace *pace)
{
    struct pace *op = wr_dup(pace, sizeof *pace);
    if (wr_pg_submit(d->pg, work, on_done, op) == WR_OK)
        return;
    wr_answer_problem(op->req, WR_ERR_BUSY, NULL, 0);
    free(op);
}

void show_pace(void *ctx, struct wr_request *req)
{
    if (merchant_allowed(ctx, req))
        submit(ctx, &(struct pace){.req = req, .orders_per_second = -1});
}

void set_pace(void *ctx, struct wr_request *req)
{
    struct pace pace = {.req = req};
    if (!merchant_allowed(ctx, req) || !merchant_body(req, fields, false, &pace))
        return;
    merchant_actor(ctx, req, pace.actor);
    submit(ctx, &pace);
}
