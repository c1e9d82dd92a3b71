/* count_left.c
 *
 *   stock of each shard --> this deal? --no--> deal_stock (PostgreSQL -> Redis)
 *      |                      |                   |
 *      away                  sum                  |
 *      v                      v                   v
 *      nothing is counted --> set_left (line) <-- nothing is counted
 *                             |
 *                             step_phase
 *
 * What is not counted is not told, and after 2 s the line lets nobody in. But once the sale's time is over nothing is left,
 * whatever became of the stock.
 *
 * Stock lies in other slots than the line, and may lie in another server: the line is told how old a count is, and takes none
 * that is older than the one it has. */
#include "admissiond.h"
#include "clock.h"
#include "keyspace.h"
#include "log.h"
#include "lua_admission.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void on_stock(void *ctx, enum wr_err err, const struct wr_reply *pairs);
static void tell_line(struct sale *sale, bool counted);
static void on_told(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void heed_clock(struct sale *sale, int64_t out_ms);

void count_left(struct sale *sale)
{
    if (sale->line.phase == WR_PHASE_ENDED && sale->line.there)
        return;
    if (!sale->sku_count) {
        sale->stock = (struct stock_count){.at_ms = wr_mono_ms(), .left = -1};
        tell_line(sale, true);
        return;
    }
    if (!wr_redis_connected(sale->d->stock)) {
        tell_line(sale, false);
        return;
    }
    if (!sale_enter(sale, FLOW_COUNT))
        return;
    sale->count_asked_ms = wr_mono_ms();
    struct wr_args args = {0};
    wr_arg_text(&args, "HGETALL");
    wr_key_stock(&args, sale->id, "stock"); /* the schema admits one shard as yet */
    wr_redis_command(sale->d->stock, &args, on_stock, sale);
    wr_args_free(&args);
}

static void on_stock(void *ctx, enum wr_err err, const struct wr_reply *pairs)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_COUNT);
    if (!step_done(sale, "count the stock", err, pairs)) {
        tell_line(sale, false);
        return;
    }
    int64_t deal = 0, left = 0, held = 0;
    for (size_t i = 0; i + 1 < wr_reply_count(pairs); i += 2) {
        const char *name = wr_reply_text(wr_reply_at(pairs, i), NULL);
        int64_t value = wr_reply_int(wr_reply_at(pairs, i + 1));
        enum wr_stock_part part;
        if (strcmp(name, "deal") == 0)
            deal = value;
        else if (!wr_stock_field_part(name, &part))
            continue;
        else if (part == WR_STOCK_FREE)
            left += value > 0 ? value : 0;
        else if (part == WR_STOCK_HELD)
            held += value;
    }
    if (deal < sale->deal) {
        deal_stock(sale);
        tell_line(sale, false);
        return;
    }
    sale->rebuild_needed = false;
    sale->stock = (struct stock_count){.at_ms = sale->count_asked_ms, .left = left, .held = held};
    tell_line(sale, true);
}

static void tell_line(struct sale *sale, bool counted)
{
    if (!sale->line.there || !wr_redis_connected(sale->d->line))
        return;
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_set_left, sale->id);
    wr_arg_int(&args, sale->line.gen);
    wr_arg_int(&args, sale->version);
    wr_arg_int(&args, wr_wall_ms());
    wr_arg_int(&args, sale->ends_at);
    if (counted)
        wr_arg_int(&args, sale->stock.left);
    else
        wr_arg_text(&args, "");
    wr_arg_int(&args, counted ? (int64_t)(wr_mono_ms() - sale->stock.at_ms) : 0);
    wr_redis_eval(sale->d->line, &wr_lua_set_left, &args, on_told, sale);
    wr_args_free(&args);
}

static void on_told(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    if (!step_done(sale, "tell what is left", err, reply))
        return;
    heed_clock(sale, wr_reply_int(reply));
    step_phase(sale);
}

static void heed_clock(struct sale *sale, int64_t out_ms)
{
    if (out_ms && !sale->clock_out_ms)
        wr_warn("our clock is not that of the line, whose is taken", "sale=%s ahead_ms=%" PRId64, sale->id, out_ms);
    sale->clock_out_ms = out_ms;
}
