/* count_left.c
 *
 *   stock of each shard --> this deal? --no--> deal_stock (PostgreSQL -> Redis)
 *                             |
 *                            sum --> set_left (line) --> step_phase
 *
 * Stock lies in other slots than the line, and may lie in another server: a count is as old as it is, and the
 * line is told its own clock at the time it arrives. */
#include "admissiond.h"
#include "clock.h"
#include "keys.h"
#include "lua_admission.h"
#include "phase.h"
#include <stdlib.h>
#include <string.h>

static void on_stock(void *ctx, enum wr_err err, const struct wr_reply *pairs);
static void tell_line(struct sale *sale);
static void on_told(void *ctx, enum wr_err err, const struct wr_reply *reply);

void count_left(struct sale *sale)
{
    if (sale->line.phase == WR_PHASE_ENDED && sale->line.there)
        return;
    if (!sale->sku_count) {
        sale->stock = (struct stock_count){.at_ms = wr_mono_ms(), .left = -1};
        tell_line(sale);
        return;
    }
    if (!wr_redis_connected(sale->d->stock) || !sale_enter(sale, FLOW_COUNT))
        return;
    struct wr_args args = {0};
    wr_arg_text(&args, "HGETALL");
    key_stock(&args, sale->id, 0); /* the schema admits one shard as yet */
    wr_redis_command(sale->d->stock, &args, on_stock, sale);
    wr_args_free(&args);
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t n = strlen(end);
    return len > n && memcmp(text + len - n, end, n) == 0;
}

static void on_stock(void *ctx, enum wr_err err, const struct wr_reply *pairs)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_COUNT);
    if (!step_done(sale, "count the stock", err, pairs))
        return;
    int64_t deal = 0, left = 0, held = 0;
    for (size_t i = 0; i + 1 < wr_reply_count(pairs); i += 2) {
        size_t len;
        const char *name = wr_reply_text(wr_reply_at(pairs, i), &len);
        int64_t value = wr_reply_int(wr_reply_at(pairs, i + 1));
        if (ends_with(name, len, "|free"))
            left += value > 0 ? value : 0;
        else if (ends_with(name, len, "|held"))
            held += value;
        else if (strcmp(name, "deal") == 0)
            deal = value;
    }
    if (deal < sale->deal) {
        deal_stock(sale);
        return;
    }
    sale->stock = (struct stock_count){.at_ms = wr_mono_ms(), .left = left, .held = held};
    tell_line(sale);
}

static void tell_line(struct sale *sale)
{
    if (!sale->line.there || !wr_redis_connected(sale->d->line))
        return;
    struct phase_facts facts = {.now = wr_wall_ms(), .ends_at = sale->ends_at, .left = sale->stock.left};
    struct wr_args args = {0};
    key_line(&args, sale->id, "line");
    wr_arg_int(&args, sale->line.gen);
    wr_arg_int(&args, phase_left(&facts));
    wr_redis_eval(sale->d->line, &wr_lua_set_left, &args, on_told, sale);
    wr_args_free(&args);
}

static void on_told(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    if (step_done(sale, "tell what is left", err, reply))
        step_phase(sale);
}
