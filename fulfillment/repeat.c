/* repeat.c */
#include "repeat.h"
#include "backoff.h"
#include "crypto.h"
#include "mem.h"
#include <stdlib.h>

enum {
    FAILED_MS = 100,
    FAILED_MAX_MS = 2000,
};

struct repeat {
    struct wr_timer *timer;
    struct wr_loop *loop;
    uint64_t pause_ms, gap_ms, began_ms;
    wr_loop_cb *run;
    void *ctx;
    int64_t failures;
    bool running, kicked, stopped;
};

static void on_due(void *ctx)
{
    struct repeat *r = ctx;
    if (r->running || r->stopped)
        return;
    r->running = true;
    r->began_ms = wr_loop_now_ms(r->loop);
    r->kicked = false;
    r->run(r->ctx);
}

struct repeat *repeat_new(struct wr_loop *loop, uint64_t pause_ms, uint64_t gap_ms, wr_loop_cb *run,
                          void *ctx)
{
    struct repeat *r = wr_alloc(sizeof *r);
    *r = (struct repeat){.loop = loop, .pause_ms = pause_ms, .gap_ms = gap_ms, .run = run, .ctx = ctx};
    r->timer = wr_timer_new(loop, on_due, r);
    wr_timer_start(r->timer, 0, 0);
    return r;
}

/* What is left of the gap since the last step began. */
static uint64_t gap_left_ms(const struct repeat *r)
{
    uint64_t passed = wr_loop_now_ms(r->loop) - r->began_ms;
    return passed < r->gap_ms ? r->gap_ms - passed : 0;
}

static uint64_t failed_ms(int64_t failures)
{
    uint32_t random;
    wr_random(&random, sizeof random);
    return wr_backoff_ms(failures, FAILED_MS, FAILED_MAX_MS, random);
}

void repeat_ended(struct repeat *r, enum repeat_outcome outcome)
{
    r->running = false;
    r->failures = outcome == REPEAT_FAILED ? r->failures + 1 : 0;
    if (r->stopped)
        return;
    if (outcome == REPEAT_FAILED)
        wr_timer_start(r->timer, failed_ms(r->failures), 0);
    else if (outcome == REPEAT_MORE)
        wr_timer_start(r->timer, 0, 0);
    else
        wr_timer_start(r->timer, outcome == REPEAT_SOON || r->kicked ? gap_left_ms(r) : r->pause_ms, 0);
}

void repeat_kick(struct repeat *r)
{
    if (!r || r->stopped)
        return;
    bool known = r->kicked;
    r->kicked = true;
    if (!known && !r->running &&
        !r->failures) /* what fails keeps its pause, or kicks would hammer a store that is down */
        wr_timer_start(r->timer, gap_left_ms(r), 0);
}

void repeat_stop(struct repeat *r)
{
    r->stopped = true;
    wr_timer_stop(r->timer);
}

bool repeat_running(const struct repeat *r)
{
    return r->running;
}

void repeat_free(struct repeat *r)
{
    if (!r)
        return;
    wr_timer_free(r->timer);
    free(r);
}
