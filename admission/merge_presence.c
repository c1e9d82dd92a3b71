/* merge_presence.c
 *
 *   read_presence.lua --due--> the workers' records, added up --> publish_table.lua (the version read must still be there)
 *
 * Once a second for each sale, whichever instance comes first. */
#include "admissiond.h"
#include "keyspace.h"
#include "log.h"
#include "lua_admission.h"
#include "presence_table.h"
#include <stdlib.h>

#define TABLE_EVERY_MS 900 /* a beat of one second finds it due in spite of jitter */

static void on_records(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void on_published(void *ctx, enum wr_err err, const struct wr_reply *reply);

void merge_presence(struct sale *sale)
{
    if (!wr_redis_connected(sale->d->line) || !sale_enter(sale, FLOW_TABLE))
        return;
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_read_presence, sale->id);
    wr_arg_int(&args, sale->line.gen);
    wr_arg_int(&args, TABLE_EVERY_MS);
    wr_arg_int(&args, PRESENCE_AWAY_S);
    wr_redis_eval(sale->d->line, &wr_lua_read_presence, &args, on_records, sale);
    wr_args_free(&args);
}

static void on_records(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    if (!step_done(sale, "read who is present", err, reply) || wr_reply_count(reply) < 2) {
        sale_leave(sale, FLOW_TABLE);
        return;
    }
    int64_t now_s = wr_reply_int(wr_reply_at(reply, 1));
    struct presence_sum sum = {0};
    for (size_t i = 2; i + 1 < wr_reply_count(reply); i += 2) {
        size_t len;
        const char *record = wr_reply_text(wr_reply_at(reply, i + 1), &len);
        if (!presence_add(&sum, record, len, now_s))
            wr_warn("a presence record is unreadable", "sale=%s worker=%s", sale->id,
                    wr_reply_text(wr_reply_at(reply, i), NULL));
    }
    struct wr_buf table = {0};
    presence_render(&sum, &table);
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_publish_table, sale->id);
    wr_arg_int(&args, sale->line.gen);
    wr_arg_text(&args, wr_reply_text(wr_reply_at(reply, 0), NULL));
    wr_arg(&args, table.at, table.len);
    wr_redis_eval(sale->d->line, &wr_lua_publish_table, &args, on_published, sale);
    wr_args_free(&args);
    wr_buf_free(&table);
    presence_free(&sum);
}

static void on_published(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_TABLE);
    if (step_done(sale, "publish who is present", err, reply) && wr_reply_int(reply) > 0)
        wr_metric_add(METRIC_TABLES, 1);
}
