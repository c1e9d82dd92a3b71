/* publish_sale.c - a document newer than the line's goes to Redis; the ids of what is published stand in
 * wr:sales. */
#include "admissiond.h"
#include "keyspace.h"
#include "lua_admission.h"

static void on_published(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void on_listed(void *ctx, enum wr_err err, const struct wr_reply *reply);

void publish_sale(struct sale *sale)
{
    if (!sale_enter(sale, FLOW_PUBLISH))
        return;
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_publish_sale, sale->id);
    wr_arg_int(&args, sale->line.gen);
    wr_arg_int(&args, sale->version);
    wr_arg(&args, sale->document.at, sale->document.len);
    wr_redis_eval(sale->d->line, &wr_lua_publish_sale, &args, on_published, sale);
    wr_args_free(&args);
}

static void on_published(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_PUBLISH);
    if (step_done(sale, "publish the sale", err, reply) && wr_reply_int(reply) == 1)
        wr_metric_add(METRIC_PUBLISHED, 1);
}

void list_sale(struct sale *sale)
{
    if (wr_redis_connected(sale->d->line))
        wr_redis_commandv(sale->d->line, on_listed, sale, "SADD", WR_KEY_SALES, sale->id, NULL);
}

static void on_listed(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    step_done(ctx, "list the sale", err, reply);
}
