/* withdraw_sale.c - a sale that ended more than a day ago leaves wr:sales and the line's Redis, so that what
 * every worker reads four times a second does not grow with the years. Orders stay where they are; PostgreSQL
 * keeps everything. */
#include "admissiond.h"
#include "keys.h"

static void on_withdrawn(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void on_removed(void *ctx, enum wr_err err, const struct wr_reply *reply);

void withdraw_sale(struct sale *sale)
{
    if (sale->withdrawn || !wr_redis_connected(sale->d->line) || !sale_enter(sale, FLOW_PUBLISH))
        return;
    wr_redis_commandv(sale->d->line, on_removed, sale, "SREM", KEY_SALES, sale->id, NULL);
}

static void on_removed(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    static const char *const keys[] = {"line",    "sale",    "table",   "ready",      "owners",
                                       "workers", "points",  "inside",  "admissions", "fallen",
                                       "fronts",  "blocked", "presence"};
    struct sale *sale = ctx;
    if (!step_done(sale, "take the sale off the list", err, reply)) {
        sale_leave(sale, FLOW_PUBLISH);
        return;
    }
    struct wr_args args = {0};
    wr_arg_text(&args, "UNLINK");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        key_line(&args, sale->id, keys[i]);
    key_spent(&args, sale->id, sale->run, 0);
    wr_redis_command(sale->d->line, &args, on_withdrawn, sale);
    wr_args_free(&args);
}

static void on_withdrawn(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_PUBLISH);
    sale->withdrawn = step_done(sale, "withdraw the sale", err, reply);
    sale->line = (struct line){0};
}
