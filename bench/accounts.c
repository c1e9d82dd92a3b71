#include "accounts.h"
#include "clock.h"
#include "log.h"
#include "loop.h"
#include "pg.h"
#include "redis.h"
#include "keyspace.h"
#include "sql_bench.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS 5000
#define HOLD_MAX_S 120 /* of a foreign sale */
#define LATE_S 15      /* to close what was not paid */

/* ---- PostgreSQL ---- */
static void read_states(struct accounts *a, const struct wr_rows *rows)
{
    for (size_t i = 0; i < wr_rows_count(rows) && a->states < STATES_MAX; i++) {
        struct state *s = &a->state[a->states++];
        snprintf(s->status, sizeof s->status, "%s", wr_rows_text(rows, i, "status"));
        snprintf(s->reason, sizeof s->reason, "%s", wr_rows_text(rows, i, "reason"));
        s->orders = wr_rows_int(rows, i, "orders");
        s->units = wr_rows_int(rows, i, "units");
    }
}

static enum wr_err find_accepted(struct accounts *a, struct wr_pg_conn *pg, const struct tally *tally)
{
    struct wr_buf ids = {0};
    struct wr_rows *rows = NULL;
    for (size_t i = 0; i < tally_kept(tally, &tally->orders_used); i++)
        wr_pg_array_add(&ids, tally->orders[i]);
    wr_pg_array_end(&ids);
    enum wr_err err = wr_pg_query(pg, &wr_sql_find_accepted, 1, (const char *const[]){ids.at}, &rows);
    if (!err) {
        a->missing = wr_rows_int(rows, 0, "missing");
        a->under_way = wr_rows_int(rows, 0, "under_way");
        a->unpaid = wr_rows_int(rows, 0, "unpaid");
    }
    wr_rows_free(rows);
    wr_buf_free(&ids);
    return err;
}

static enum wr_err ask_database(struct accounts *a, struct wr_pg_conn *pg, const struct stage *stage,
                                const struct tally *tally)
{
    const char *const sale[] = {stage->sale};
    struct wr_rows *rows = NULL;
    enum wr_err err = wr_pg_query(pg, &wr_sql_read_stock, 1, sale, &rows);
    if (!err) {
        a->total = wr_rows_int(rows, 0, "total");
        a->committed = wr_rows_int(rows, 0, "committed");
        a->confirmed = wr_rows_int(rows, 0, "confirmed");
        a->oversold_skus = wr_rows_int(rows, 0, "oversold_skus");
    }
    wr_rows_free(rows);
    rows = NULL;
    if (!err)
        err = wr_pg_query(pg, &wr_sql_count_orders, 1, sale, &rows);
    if (!err)
        read_states(a, rows);
    wr_rows_free(rows);
    return err || !tally ? err : find_accepted(a, pg, tally);
}

static bool read_database(struct accounts *a, const struct stage *stage, const struct tally *tally)
{
    struct wr_pg_conn *pg;
    enum wr_err err = wr_pg_connect(&pg, stage->options->database);
    if (!err) {
        err = ask_database(a, pg, stage, tally);
        if (err)
            fprintf(stderr, "stampede: PostgreSQL: %s\n", wr_pg_error(pg));
        wr_pg_disconnect(pg);
    } else {
        fprintf(stderr, "stampede: PostgreSQL does not answer\n"); /* its URL has the password */
    }
    return !err;
}

/* ---- Redis: one question, then the connection goes ---- */
struct question {
    struct accounts *accounts;
    const struct stage *stage;
    struct wr_loop *loop;
    struct wr_redis *redis;
    void (*ask)(struct question *q);
    wr_redis_cb *take;
    bool answered;
};

static void on_answer(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct question *q = ctx;
    if (!err)
        q->take(q->accounts, err, reply);
    q->answered = !err;
    wr_loop_stop(q->loop);
}

static void on_state(void *ctx, bool connected)
{
    struct question *q = ctx;
    if (connected && !q->answered)
        q->ask(q);
}

static void on_limit(void *ctx)
{
    wr_loop_stop(ctx);
}

static bool ask_redis(struct question *q, const char *address)
{
    if (wr_loop_open(&q->loop))
        return false;
    struct wr_redis_config config = {.address = address, .on_state = on_state, .ctx = q};
    if (!wr_redis_open(&q->redis, q->loop, &config)) {
        struct wr_timer *limit = wr_timer_new(q->loop, on_limit, q->loop);
        wr_timer_start(limit, CONNECT_MS, 0);
        wr_loop_run(q->loop);
        wr_timer_free(limit);
        wr_redis_close(q->redis);
    }
    wr_loop_close(q->loop, 1000);
    if (!q->answered)
        fprintf(stderr, "stampede: Redis at %s does not answer\n", address);
    return q->answered;
}

static void ask_line(struct question *q)
{
    char key[WR_KEY_MAX];
    wr_key_line_text(key, q->stage->sale, "line");
    wr_redis_commandv(q->redis, on_answer, q, "HMGET", key, "rate", "burst_ms", "factor", "cap",
                      "granted_total", "joined_total", "entered_total", "finished_total", NULL);
}

static void take_line(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct accounts *a = ctx;
    int64_t *const fields[] = {&a->rate_per_minute, &a->burst_ms,     &a->factor_percent, &a->cap,
                               &a->granted_total,   &a->joined_total, &a->entered_total,  &a->finished_total};
    (void)err;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = wr_reply_int(wr_reply_at(reply, i));
}

static void ask_stock(struct question *q)
{
    char key[WR_KEY_MAX];
    wr_key_stock_text(key, q->stage->sale, "stock");
    wr_redis_commandv(q->redis, on_answer, q, "HGETALL", key, NULL);
}

static void take_stock(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct accounts *a = ctx;
    int64_t units[WR_STOCK_PARTS] = {0};
    (void)err;
    for (size_t i = 0; i + 1 < wr_reply_count(reply); i += 2) {
        enum wr_stock_part part;
        if (wr_stock_field_part(wr_reply_text(wr_reply_at(reply, i), NULL), &part))
            units[part] += wr_reply_int(wr_reply_at(reply, i + 1));
    }
    a->free = units[WR_STOCK_FREE];
    a->held = units[WR_STOCK_HELD];
    a->sold = units[WR_STOCK_SOLD];
    a->voided = units[WR_STOCK_VOIDED];
}

/* ---- both ---- */
bool accounts_read(struct accounts *out, const struct stage *stage, const struct tally *tally)
{
    struct question line = {.accounts = out, .stage = stage, .ask = ask_line, .take = take_line};
    struct question stock = {.accounts = out, .stage = stage, .ask = ask_stock, .take = take_stock};
    *out = (struct accounts){0};
    return read_database(out, stage, tally) && ask_redis(&line, stage->options->redis_line) &&
           ask_redis(&stock, stage->options->redis_stock);
}

bool accounts_agree(const struct accounts *a)
{
    return a->sold == a->confirmed && a->committed == a->confirmed && a->held == 0;
}

bool accounts_outlast_hold(const struct stage *stage)
{
    return !stage->options->sale || stage->hold_s <= HOLD_MAX_S;
}

static bool settled(const struct accounts *a, const struct stage *stage)
{
    if (a->missing || a->under_way || (a->unpaid && accounts_outlast_hold(stage)))
        return false;
    return stage->options->sale || accounts_agree(a);
}

bool accounts_settle(struct accounts *out, const struct stage *stage, const struct tally *tally)
{
    uint64_t begun = wr_mono_ms();
    int64_t limit_s = (accounts_outlast_hold(stage) ? stage->hold_s : HOLD_MAX_S) + LATE_S;
    for (;;) {
        bool read = accounts_read(out, stage, tally);
        if (read && settled(out, stage))
            return true;
        if (wr_mono_ms() - begun > (uint64_t)limit_s * 1000)
            return read;
        poll(NULL, 0, 250);
    }
}
