#include "watch_line.h"
#include "clock.h"
#include "loop.h"
#include "redis.h"
#include "keyspace.h"
#include <stdlib.h>

struct line_watch {
    struct wr_loop *loop;
    struct wr_redis *redis;
    struct wr_timer *turn;
    char line[WR_KEY_MAX], inside[WR_KEY_MAX];
    int64_t asked_ms; /* when the last look was begun, by our own clock */
    int64_t clock, left, cap, factor, granted; /* of the look under way */
    int64_t last_open, open_until;
    struct drip drip;
    struct drip_line seen;
    struct climb joins;
    struct drip_looked grants;
};

static void on_turn(void *ctx)
{
    wr_loop_stop(ctx);
}

static void on_line(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct line_watch *w = ctx;
    w->clock = err ? 0 : wr_reply_int(wr_reply_at(reply, 0));
    w->left = wr_reply_int(wr_reply_at(reply, 1));
    w->cap = wr_reply_int(wr_reply_at(reply, 2));
    w->factor = wr_reply_int(wr_reply_at(reply, 3));
    w->granted = wr_reply_int(wr_reply_at(reply, 4));
    if (!w->clock)
        return;
    drip_line_look(&w->drip, &w->seen, w->clock, w->granted);
    climb_look(&w->joins, w->asked_ms, wr_reply_int(wr_reply_at(reply, 5)));
}

/* The same sum as in the tick: how many may be let in now. */
static bool held_back(const struct line_watch *w, int64_t inside)
{
    bool by_cap = w->cap > 0 && w->cap - inside < 1;
    bool by_stock = w->left >= 0 && w->left * w->factor / 100 - inside < 1;
    return by_cap || by_stock;
}

static void on_inside(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct line_watch *w = ctx;
    if (err || !w->clock || w->open_until != INT64_MAX)
        return;
    if (held_back(w, wr_reply_int(reply))) {
        w->open_until = w->last_open;
        return;
    }
    w->last_open = w->clock;
    drip_looked_look(&w->drip, &w->grants, w->asked_ms, w->granted);
}

struct line_watch *line_watch_open(const struct stage *stage, const struct drip *drip)
{
    struct line_watch *w = wr_alloc(sizeof *w);
    w->drip = *drip;
    wr_key_line_text(w->line, stage->sale, "line");
    wr_key_line_text(w->inside, stage->sale, "inside");
    w->open_until = INT64_MAX;
    if (wr_loop_open(&w->loop))
        abort();
    w->turn = wr_timer_new(w->loop, on_turn, w->loop);
    struct wr_redis_config config = {.address = stage->options->redis_line};
    if (wr_redis_open(&w->redis, w->loop, &config))
        abort(); /* the address was good enough for accounts_read() */
    return w;
}

void line_watch_turn(struct line_watch *w, int ms)
{
    w->asked_ms = (int64_t)wr_mono_ms();
    wr_redis_commandv(w->redis, on_line, w, "HMGET", w->line, "clock", "left", "cap", "factor",
                      "granted_total", "joined_total", NULL);
    wr_redis_commandv(w->redis, on_inside, w, "ZCARD", w->inside, NULL);
    wr_timer_start(w->turn, (uint64_t)ms, 0);
    wr_loop_run(w->loop);
}

int64_t line_watch_open_until(const struct line_watch *w)
{
    return w->open_until;
}

struct drip_line line_watch_drip(const struct line_watch *w)
{
    return w->seen;
}

struct climb line_watch_joins(const struct line_watch *w)
{
    return w->joins;
}

struct drip_looked line_watch_grants(const struct line_watch *w)
{
    return w->grants;
}

void line_watch_close(struct line_watch *w)
{
    wr_redis_close(w->redis);
    wr_timer_free(w->turn);
    wr_loop_close(w->loop, 1000);
    free(w);
}
