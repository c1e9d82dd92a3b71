/* raise_ceiling.c
 *
 *   PostgreSQL: higher, if the generation is still the newest --> Redis: take it, if higher
 *                                                           \--> no: the line is out of date, as if it were lost
 *
 * PostgreSQL first: a number that Redis may give is one that no later generation gives again. */
#include "admissiond.h"
#include "keyspace.h"
#include "lua_admission.h"
#include "sql_admission.h"
#include <stdlib.h>

struct raise {
    struct sale *sale;
    int64_t run, gen, wanted, granted; /* granted 0: the generation is not the newest any more */
};
static enum wr_err raise_recorded(struct wr_pg_conn *c, void *ctx);
static void on_recorded(void *ctx, enum wr_err err);
static void on_taken(void *ctx, enum wr_err err, const struct wr_reply *reply);

void raise_ceiling(struct sale *sale, int64_t wanted)
{
    if (!sale_enter(sale, FLOW_CEILING))
        return;
    struct raise *op = wr_alloc(sizeof *op);
    *op = (struct raise){.sale = sale, .run = sale->run, .gen = sale->line.gen, .wanted = wanted};
    if (wr_pg_submit(sale->d->pg, raise_recorded, on_recorded, op) != WR_OK) {
        sale_leave(sale, FLOW_CEILING);
        free(op);
    }
}

static enum wr_err raise_recorded(struct wr_pg_conn *c, void *ctx)
{
    struct raise *op = ctx;
    const char *values[] = {WR_PG_INT(op->run), WR_PG_INT(op->gen), WR_PG_INT(op->wanted)};
    struct wr_rows *rows = NULL;
    enum wr_err err = wr_pg_query(c, &wr_sql_raise_ceiling, 3, values, &rows);
    if (err == WR_OK && wr_rows_count(rows) == 1)
        op->granted = wr_rows_int(rows, 0, "ceiling");
    wr_rows_free(rows);
    return err;
}

static void on_recorded(void *ctx, enum wr_err err)
{
    struct raise *op = ctx;
    struct sale *sale = op->sale;
    bool done = step_done(sale, "raise the ceiling", err, NULL);
    if (!done || op->granted == 0) {
        sale_leave(sale, FLOW_CEILING);
        if (done && op->run == sale->run)
            sale->outdated_gen = op->gen;
    } else {
        struct wr_args args = {0};
        wr_key_script(&args, &wr_lua_raise_ceiling, sale->id);
        wr_arg_int(&args, op->gen);
        wr_arg_int(&args, op->granted);
        wr_redis_eval(sale->d->line, &wr_lua_raise_ceiling, &args, on_taken, sale);
        wr_args_free(&args);
    }
    free(op);
}

static void on_taken(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_CEILING);
    if (step_done(sale, "take the ceiling", err, reply))
        wr_metric_add(METRIC_CEILINGS, 1);
}
