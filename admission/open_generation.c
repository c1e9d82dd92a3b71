/* open_generation.c
 *
 *   the line is lost: another Redis process, or a new run
 *      |
 *   PostgreSQL, one transaction: ceiling locked; the newest generation not another instance's that is just opening;
 *      |      generation inserted; ceiling raised by compare-and-set; spent places, orders' places and blocks read,
 *      |      and the sale with its settings, of which a change made just before the loss may not have been loaded yet
 *      v
 *   Redis: open_generation.lua (keeps what survived) --> a step, which puts the sale's id in wr:sales
 *
 * If this stops between the two, nothing can be given a number twice: the next generation starts above the raised
 * ceiling. Whoever comes second, here or in another instance, finds the newest generation young and waits. */
#include "admissiond.h"
#include "generation.h"
#include "keyspace.h"
#include "log.h"
#include "lua_admission.h"
#include "spent.h"
#include "sql_admission.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct opening {
    struct sale *sale;
    char redis_run_id[48];
    int64_t run, headroom;
    /* found by the transaction */
    bool ours;
    int64_t gen, counter, ceiling;
    struct wr_buf spent;
    struct wr_rows *blocked, *recorded;
};
static enum wr_err open_recorded(struct wr_pg_conn *c, void *ctx);
static void on_recorded(void *ctx, enum wr_err err);
static void on_opened(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void opening_free(struct opening *op);

void open_generation(struct sale *sale)
{
    if (!sale_enter(sale, FLOW_OPEN))
        return;
    struct opening *op = wr_alloc(sizeof *op);
    op->sale = sale;
    op->run = sale->run;
    op->headroom = ceiling_headroom(&sale->pace);
    const char *run_id = wr_redis_run_id(sale->d->line);
    wr_copy_text(op->redis_run_id, sizeof op->redis_run_id, run_id, strlen(run_id));
    if (wr_pg_submit(sale->d->pg, open_recorded, on_recorded, op) != WR_OK) {
        sale_leave(sale, FLOW_OPEN);
        opening_free(op);
    }
}

/* ---- on the pool thread ---- */

static enum wr_err may_open(struct wr_pg_conn *c, struct opening *op)
{
    struct wr_rows *rows = NULL;
    const char *run[] = {WR_PG_INT(op->run)};
    enum wr_err err = wr_pg_query(c, &wr_sql_newest_generation, 1, run, &rows);
    if (err == WR_OK) {
        struct generation_newest newest = {0};
        if (wr_rows_count(rows) == 1)
            newest =
                (struct generation_newest){wr_rows_int(rows, 0, "gen"), wr_rows_text(rows, 0, "redis_run_id"),
                                           wr_rows_int(rows, 0, "age_ms")};
        op->gen = newest.gen + 1;
        op->ours = generation_may_open(&newest, op->redis_run_id);
    }
    wr_rows_free(rows);
    return err;
}

static enum wr_err lock_ceiling(struct wr_pg_conn *c, struct opening *op)
{
    struct wr_rows *rows = NULL;
    const char *run[] = {WR_PG_INT(op->run)};
    enum wr_err err = wr_pg_query(c, &wr_sql_lock_ceiling, 1, run, &rows);
    if (err == WR_OK && wr_rows_count(rows) != 1)
        err = WR_ERR_INTERNAL;
    if (err == WR_OK) {
        op->counter = wr_rows_int(rows, 0, "ceiling");
        op->ceiling = op->counter + op->headroom;
    }
    wr_rows_free(rows);
    return err;
}

static enum wr_err write_generation(struct wr_pg_conn *c, const struct opening *op)
{
    const char *generation[] = {WR_PG_INT(op->run), WR_PG_INT(op->gen), op->redis_run_id};
    enum wr_err err = wr_pg_query(c, &wr_sql_insert_generation, 3, generation, NULL);
    if (err != WR_OK)
        return err;
    struct wr_rows *rows = NULL;
    const char *ceiling[] = {WR_PG_INT(op->run), WR_PG_INT(op->gen), WR_PG_INT(op->counter),
                             WR_PG_INT(op->ceiling)};
    err = wr_pg_query(c, &wr_sql_open_ceiling, 4, ceiling, &rows);
    if (err == WR_OK && wr_rows_count(rows) != 1)
        err = WR_ERR_CONFLICT;
    wr_rows_free(rows);
    return err;
}

static enum wr_err read_turns(struct wr_pg_conn *c, struct opening *op)
{
    struct wr_rows *bits = NULL, *places = NULL;
    const char *lane[] = {WR_PG_INT(op->run), "0"};
    enum wr_err err = wr_pg_query(c, &wr_sql_spent_bits, 2, lane, &bits);
    if (err == WR_OK && wr_rows_count(bits) == 1 && !spent_or_hex(&op->spent, wr_rows_text(bits, 0, "bits")))
        err = WR_ERR_INTERNAL;
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_order_places, 2, lane, &places);
    for (size_t i = 0; err == WR_OK && i < wr_rows_count(places); i++)
        spent_add(&op->spent, (uint64_t)wr_rows_int(places, i, "place"));
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_blocked_places, 2, lane, &op->blocked);
    wr_rows_free(places);
    wr_rows_free(bits);
    return err;
}

/* The sale may be over, or have another run. */
static enum wr_err read_recorded(struct wr_pg_conn *c, struct opening *op)
{
    const char *run[] = {NULL, WR_PG_INT(op->run)};
    enum wr_err err = wr_pg_query(c, &wr_sql_sales_to_run, 2, run, &op->recorded);
    if (err == WR_OK)
        op->ours = wr_rows_count(op->recorded) == 1 && !wr_rows_bool(op->recorded, 0, "over");
    return err;
}

static enum wr_err open_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    struct opening *op = ctx;
    enum wr_err err = lock_ceiling(c, op);
    if (err == WR_OK)
        err = may_open(c, op);
    if (err == WR_OK && op->ours)
        err = read_recorded(c, op);
    if (err == WR_OK && op->ours)
        err = write_generation(c, op);
    if (err == WR_OK && op->ours)
        err = read_turns(c, op);
    return err;
}

static enum wr_err open_recorded(struct wr_pg_conn *c, void *ctx)
{
    return wr_pg_transact(c, open_in_transaction, ctx);
}

/* ---- on the loop ---- */

static void add_arguments(struct wr_args *args, const struct opening *op)
{
    const struct sale *sale = op->sale;
    wr_key_script_of_run(args, &wr_lua_open_generation, sale->id, op->run, 0);
    wr_arg_int(args, op->run);
    wr_arg_int(args, op->gen);
    wr_arg_text(args, op->redis_run_id);
    wr_arg_int(args, op->counter);
    wr_arg_int(args, op->ceiling);
    wr_arg_text(args, wr_phase_name(sale->phase_recorded));
    wr_arg_text(args, sale->sku_count ? "0" : "-1");
    wr_arg(args, sale->document.at, sale->document.len);
    wr_arg_int(args, sale->version);
    wr_arg_int(args, sale->settings.version);
    wr_arg_int(args, sale->settings.rate);
    wr_arg_int(args, sale->settings.burst_ms);
    wr_arg_text(args, wr_mode_name(sale->settings.mode));
    wr_arg_text(args, sale->settings.message);
    wr_arg_int(args, sale->settings.cap);
    wr_arg_int(args, sale->settings.factor);
    wr_arg_int(args, sale->admission_s);
    wr_arg_int(args, sale->away_limit_s);
    wr_arg(args, op->spent.at, op->spent.len);
    for (size_t i = 0; i < wr_rows_count(op->blocked); i++) {
        wr_arg_text(args, wr_rows_text(op->blocked, i, "place"));
        wr_arg_text(args, wr_rows_text(op->blocked, i, "reason"));
    }
}

static void on_recorded(void *ctx, enum wr_err err)
{
    struct opening *op = ctx;
    struct sale *sale = op->sale;
    bool same_process = strcmp(op->redis_run_id, wr_redis_run_id(sale->d->line)) == 0;
    if (!step_done(sale, "record a generation", err, NULL) || !op->ours || op->run != sale->run || !same_process) {
        sale_leave(sale, FLOW_OPEN);
        opening_free(op);
        return;
    }
    take_recorded(sale->d, op->recorded, 0);
    struct wr_args args = {0};
    add_arguments(&args, op);
    wr_redis_eval(sale->d->line, &wr_lua_open_generation, &args, on_opened, op);
    wr_args_free(&args);
}

static void on_opened(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct opening *op = ctx;
    struct sale *sale = op->sale;
    sale_leave(sale, FLOW_OPEN);
    if (step_done(sale, "open a generation", err, reply) && wr_reply_int(reply) == 1) {
        wr_info("generation opened",
                "sale=%s run=%" PRId64 " gen=%" PRId64 " counter=%" PRId64 " ceiling=%" PRId64, sale->id,
                op->run, op->gen, op->counter, op->ceiling);
        wr_metric_add(METRIC_GENERATIONS, 1);
        count_left(sale);
        step_line(sale);
    }
    opening_free(op);
}

static void opening_free(struct opening *op)
{
    wr_rows_free(op->recorded);
    wr_rows_free(op->blocked);
    wr_buf_free(&op->spent);
    free(op);
}
