/* create_sale.c
 *
 *   sale_draft_read --> PostgreSQL, one transaction: sale, skus, run, ceiling, audit
 *                         |                    \ the id is taken: the same request as then? --> 201 again, else 409
 *                         |                    \ as many sales run as may: 409
 *                         v
 *                     the sale as stored --> 201; load_sales publishes it and opens its generation */
#include "clock.h"
#include "log.h"
#include "merchant.h"
#include "sale_answer.h"
#include "sale_draft.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

struct creation {
    struct admissiond *d;
    struct wr_request *req;
    char actor[ACTOR_MAX];
    struct sale_draft draft;
    struct wr_buf canonical;
    struct wr_rows *stored;
    bool full;
};
static enum wr_err write_sale(struct wr_pg_conn *c, void *ctx);
static void on_written(void *ctx, enum wr_err err);
static void creation_free(struct creation *op);

void create_sale(void *ctx, struct wr_request *req)
{
    if (!merchant_allowed(ctx, req))
        return;
    struct wr_json *body = wr_request_json(req);
    if (!body)
        return;
    struct creation *op = wr_alloc(sizeof *op);
    op->d = ctx;
    op->req = req;
    merchant_actor(op->d, req, op->actor);
    char why[160];
    enum wr_err err = sale_draft_read(body, wr_wall_ms(), &op->draft, why);
    wr_json_free(body);
    if (err != WR_OK) {
        wr_answer_problem(req, err, why, 0);
        creation_free(op);
        return;
    }
    struct wr_json *canonical = sale_draft_json(&op->draft);
    wr_json_render(canonical, &op->canonical);
    wr_json_free(canonical);
    if (wr_pg_submit(op->d->pg, write_sale, on_written, op) != WR_OK) {
        wr_answer_problem(req, WR_ERR_BUSY, NULL, 0);
        creation_free(op);
    }
}

/* ---- on the pool thread ---- */

/* Of two creations at once the second one counts the first. */
static enum wr_err look_for_room(struct wr_pg_conn *c, struct creation *op)
{
    struct wr_rows *rows = NULL;
    enum wr_err err = wr_pg_query(c, &wr_sql_lock_creation, 0, NULL, NULL);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_running_sales, 0, NULL, &rows);
    op->full = err == WR_OK && wr_rows_int(rows, 0, "sales") >= WR_SALES_MAX;
    wr_rows_free(rows);
    return err;
}

static enum wr_err insert_sale(struct wr_pg_conn *c, const struct sale_draft *s, bool *inserted)
{
    const char *values[] = {s->id,
                            s->title,
                            s->description,
                            s->image_url,
                            s->currency,
                            WR_PG_INT(s->starts_at),
                            WR_PG_INT(s->ends_at),
                            WR_PG_INT(s->rate_per_minute),
                            WR_PG_INT(s->burst_ms),
                            WR_PG_INT(s->cap),
                            WR_PG_INT(s->factor_percent),
                            WR_PG_INT(s->admission_s),
                            WR_PG_INT(s->away_limit_s),
                            WR_PG_INT(s->hold_s),
                            WR_PG_INT(s->per_shopper),
                            s->checkout_url};
    struct wr_rows *rows = NULL;
    enum wr_err err = wr_pg_query(c, &wr_sql_insert_sale, sizeof values / sizeof *values, values, &rows);
    *inserted = err == WR_OK && wr_rows_count(rows) == 1;
    wr_rows_free(rows);
    return err;
}

static enum wr_err insert_skus(struct wr_pg_conn *c, const struct sale_draft *s)
{
    struct wr_buf columns[4] = {0};
    for (size_t i = 0; i < s->sku_count; i++) {
        wr_pg_array_add(&columns[0], s->skus[i].sku);
        wr_pg_array_add(&columns[1], s->skus[i].name);
        wr_pg_array_add(&columns[2], WR_PG_INT(s->skus[i].unit_price));
        wr_pg_array_add(&columns[3], WR_PG_INT(s->skus[i].total));
    }
    for (size_t i = 0; i < 4; i++)
        wr_pg_array_end(&columns[i]);
    const char *values[] = {s->id, columns[0].at, columns[1].at, columns[2].at, columns[3].at};
    enum wr_err err = wr_pg_query(c, &wr_sql_insert_skus, 5, values, NULL);
    for (size_t i = 0; i < 4; i++)
        wr_buf_free(&columns[i]);
    return err;
}

static enum wr_err same_as_stored(struct wr_pg_conn *c, const struct creation *op)
{
    struct wr_rows *rows = NULL;
    const char *values[] = {op->draft.id, op->canonical.at};
    enum wr_err err = wr_pg_query(c, &wr_sql_same_sale, 2, values, &rows);
    if (err == WR_OK && !(wr_rows_count(rows) == 1 && wr_rows_bool(rows, 0, "same")))
        err = WR_ERR_CONFLICT;
    wr_rows_free(rows);
    return err;
}

static enum wr_err insert_all(struct wr_pg_conn *c, struct creation *op)
{
    bool inserted;
    enum wr_err err = look_for_room(c, op);
    if (err == WR_OK)
        err = insert_sale(c, &op->draft, &inserted);
    if (err != WR_OK)
        return err;
    if (!inserted) {
        op->full = false;
        return same_as_stored(c, op);
    }
    if (op->full)
        return WR_ERR_CONFLICT;
    const char *id[] = {op->draft.id};
    const char *audit[] = {op->actor, "sale.create", op->draft.id, op->canonical.at};
    err = insert_skus(c, &op->draft);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_open_run, 1, id, NULL);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_insert_audit, 4, audit, NULL);
    return err;
}

static enum wr_err write_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    struct creation *op = ctx;
    const char *id[] = {op->draft.id};
    enum wr_err err = insert_all(c, op);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_show_sale, 1, id, &op->stored);
    return err;
}

static enum wr_err write_sale(struct wr_pg_conn *c, void *ctx)
{
    return wr_pg_transact(c, write_in_transaction, ctx);
}

/* ---- on the loop ---- */

static void on_written(void *ctx, enum wr_err err)
{
    struct creation *op = ctx;
    if (err == WR_OK) {
        wr_info("sale created", "sale=%s", op->draft.id);
        wr_answer_json(op->req, 201, sale_answer(op->stored, 0));
        load_sales(op->d);
    } else {
        const char *detail = op->full ? "As many sales run as may run at once, 1,000; one that has ended makes "
                                        "room a day later."
                             : err == WR_ERR_CONFLICT ? "A sale with this id exists and is another one."
                                                      : NULL;
        wr_answer_problem(op->req, err, detail, 0);
    }
    creation_free(op);
}

static void creation_free(struct creation *op)
{
    wr_rows_free(op->stored);
    wr_buf_free(&op->canonical);
    free(op);
}
