/* withdraw_sale.c
 *
 *   PostgreSQL says that the sale ended more than a day ago --> out of wr:sales --> withdraw_sale.lua
 *
 * So that what every worker reads four times a second does not grow with the years. Orders stay where they are;
 * PostgreSQL keeps everything. */
#include "admissiond.h"
#include "keyspace.h"
#include "lua_admission.h"

#define SAY_SO_S 86400
static void on_removed(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void on_withdrawn(void *ctx, enum wr_err err, const struct wr_reply *reply);

void withdraw_sale(struct sale *sale)
{
    if (sale->withdrawn || !wr_redis_connected(sale->d->line) || !sale_enter(sale, FLOW_PUBLISH))
        return;
    wr_redis_commandv(sale->d->line, on_removed, sale, "SREM", WR_KEY_SALES, sale->id, NULL);
}

static void on_removed(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    if (!step_done(sale, "take the sale off the list", err, reply)) {
        sale_leave(sale, FLOW_PUBLISH);
        return;
    }
    struct wr_args args = {0};
    wr_key_script_of_run(&args, &wr_lua_withdraw_sale, sale->id, sale->run, 0);
    wr_arg_int(&args, SAY_SO_S);
    wr_redis_eval(sale->d->line, &wr_lua_withdraw_sale, &args, on_withdrawn, sale);
    wr_args_free(&args);
}

static void on_withdrawn(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_PUBLISH);
    sale->withdrawn = step_done(sale, "withdraw the sale", err, reply);
    sale->line = (struct line){0};
}
