/* step_phase.c
 *
 *   clock and stock say another phase --> set_phase.lua (compare-and-set) --> record_phase (PostgreSQL)
 *
 * What clock and stock say, the script looks at again: our clock may be wrong, our count older than another instance's.
 * Redis first: a sale starts on time without PostgreSQL. Every read of the line that finds PostgreSQL behind records
 * it, so a phase that could not be written is written later. */
#include "admissiond.h"
#include "clock.h"
#include "keyspace.h"
#include "log.h"
#include "lua_admission.h"
#include "phase.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

#define STOCK_FRESH_MS 2000

struct phase_change {
    struct sale *sale;
    char id[WR_SALE_LEN + 1];
    int64_t run;
    enum wr_phase phase;
};
static void on_stepped(void *ctx, enum wr_err err, const struct wr_reply *reply);
static enum wr_err write_phase(struct wr_pg_conn *c, void *ctx);
static void on_written(void *ctx, enum wr_err err);

void step_phase(struct sale *sale)
{
    int64_t now = sale_now(sale);
    uint64_t age_ms = wr_mono_ms() - sale->stock.at_ms;
    struct phase_facts facts = {
        .now = now,
        .starts_at = sale->starts_at,
        .ends_at = sale->ends_at,
        .counted_at = sale->stock.at_ms && age_ms < STOCK_FRESH_MS ? now - (int64_t)age_ms : 0,
        .left = sale->stock.left,
        .held = sale->stock.held,
    };
    if (!sale->line.there || sale->lost_at_ms || !wr_redis_connected(sale->d->line))
        return;
    enum wr_phase next = phase_next(sale->line.phase, &facts);
    if (next == sale->line.phase || !sale_enter(sale, FLOW_PHASE))
        return;
    struct phase_change *op = wr_alloc(sizeof *op);
    *op = (struct phase_change){.sale = sale, .phase = next};
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_set_phase, sale->id);
    wr_arg_int(&args, sale->line.gen);
    wr_arg_int(&args, sale->version);
    wr_arg_text(&args, wr_phase_name(sale->line.phase));
    wr_arg_text(&args, wr_phase_name(next));
    wr_arg_int(&args, wr_wall_ms());
    wr_arg_int(&args, phase_due(sale->line.phase, &facts));
    wr_redis_eval(sale->d->line, &wr_lua_set_phase, &args, on_stepped, op);
    wr_args_free(&args);
}

static void on_stepped(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct phase_change *op = ctx;
    struct sale *sale = op->sale;
    sale_leave(sale, FLOW_PHASE);
    if (step_done(sale, "step the phase", err, reply) && wr_reply_int(reply) == 1) {
        wr_info("phase stepped", "sale=%s from=%s to=%s", sale->id, wr_phase_name(sale->line.phase),
                wr_phase_name(op->phase));
        wr_metric_add(METRIC_PHASES, 1);
        sale->line.phase = op->phase;
        record_phase(sale);
        step_line(sale);
    }
    free(op);
}

void record_phase(struct sale *sale)
{
    if (!sale_enter(sale, FLOW_RECORD_PHASE))
        return;
    struct phase_change *op = wr_alloc(sizeof *op);
    *op = (struct phase_change){.sale = sale, .run = sale->run, .phase = sale->line.phase};
    memcpy(op->id, sale->id, sizeof op->id);
    if (wr_pg_submit(sale->d->pg, write_phase, on_written, op) != WR_OK) {
        sale_leave(sale, FLOW_RECORD_PHASE);
        free(op);
    }
}

static enum wr_err write_phase(struct wr_pg_conn *c, void *ctx)
{
    struct phase_change *op = ctx;
    const char *values[] = {op->id, WR_PG_INT(op->run), wr_phase_name(op->phase)};
    return wr_pg_query(c, &wr_sql_record_phase, 3, values, NULL);
}

static void on_written(void *ctx, enum wr_err err)
{
    struct phase_change *op = ctx;
    sale_leave(op->sale, FLOW_RECORD_PHASE);
    if (step_done(op->sale, "record the phase", err, NULL))
        op->sale->phase_recorded = op->phase;
    free(op);
}
