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
    struct repeat *older;
    struct wr_timer *timer;
    struct wr_loop *loop;
    const struct repeat_kind *kind;
    void *ctx;
    uint64_t began_ms;
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
    r->kind->run(r->ctx);
}

struct repeat *repeat_new(struct repeats *all, struct wr_loop *loop, const struct repeat_kind *kind,
                          void *ctx)
{
    struct repeat *r = wr_alloc(sizeof *r);
    *r = (struct repeat){.older = all->newest, .loop = loop, .kind = kind, .ctx = ctx};
    all->newest = r;
    r->timer = wr_timer_new(loop, on_due, r);
    wr_timer_start(r->timer, 0, 0);
    return r;
}

/* What is left of the gap since the last step began. */
static uint64_t gap_left_ms(const struct repeat *r)
{
    uint64_t passed = wr_loop_now_ms(r->loop) - r->began_ms;
    return passed < r->kind->gap_ms ? r->kind->gap_ms - passed : 0;
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
        wr_timer_start(r->timer, outcome == REPEAT_SOON || r->kicked ? gap_left_ms(r) : r->kind->pause_ms, 0);
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

bool repeat_runs(const struct repeat *r)
{
    return r->running;
}

void repeats_stop(struct repeats *all)
{
    for (struct repeat *r = all->newest; r; r = r->older) {
        r->stopped = true;
        wr_timer_stop(r->timer);
    }
}

bool repeats_idle(const struct repeats *all)
{
    for (const struct repeat *r = all->newest; r; r = r->older)
        if (r->running || (r->kind->busy && r->kind->busy(r->ctx)))
            return false;
    return true;
}

void repeats_close(struct repeats *all)
{
    for (struct repeat *older, *r = all->newest; r; r = older) {
        older = r->older;
        r->kind->close(r->ctx);
        wr_timer_free(r->timer);
        free(r);
    }
    all->newest = NULL;
}
