#include "loop.h"
#include "clock.h"
#include "log.h"
#include "mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct deferral {
    wr_loop_cb *run;
    void *ctx;
};

struct deferrals {
    struct deferral *at;
    size_t count, cap;
};

struct wr_loop {
    uv_loop_t uv;
    uv_check_t
        after_events;   /* always active: it also keeps wr_loop_run() running while nothing else is open */
    uv_idle_t no_sleep; /* active while something is deferred: the turn must not wait for events */
    struct deferrals waiting, running;
};

/* Each object begins with its libuv handle, so that a handle's memory is the object's: free_closed() needs no
 * type. */
struct wr_timer {
    uv_timer_t uv;
    wr_loop_cb *on_due;
    void *ctx;
};

struct wr_watch {
    uv_poll_t uv;
    wr_watch_cb *on_event;
    void *ctx;
    int events;
};

struct wr_wake {
    uv_async_t uv;
    wr_loop_cb *on_wake;
    void *ctx;
};

struct wr_signal {
    uv_signal_t uv;
    wr_loop_cb *on_signal;
    void *ctx;
};

/* What fails here is out of descriptors or memory at start-up, or a bug: nothing could go on. */
static void must(int rc, const char *what)
{
    if (rc >= 0)
        return;
    wr_error("event loop", "call=%s what=\"%s\"", what, uv_strerror(rc));
    abort();
}

static void free_closed(uv_handle_t *handle)
{
    free(handle);
}

/* ---- the loop ---- */

static void run_deferred(uv_check_t *check)
{
    struct wr_loop *loop = check->data;
    if (!loop->waiting.count)
        return;
    /* What is deferred from here on belongs to the next turn, so that two deferrals cannot starve the loop.
     */
    struct deferrals now = loop->waiting;
    loop->waiting = loop->running;
    loop->waiting.count = 0;
    uv_idle_stop(&loop->no_sleep);
    for (size_t i = 0; i < now.count; i++)
        now.at[i].run(now.at[i].ctx);
    now.count = 0;
    loop->running = now;
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

enum wr_err wr_loop_open(struct wr_loop **out)
{
    struct wr_loop *loop = wr_alloc(sizeof *loop);
    int rc = uv_loop_init(&loop->uv);
    if (rc < 0) {
        wr_error("event loop", "call=uv_loop_init what=\"%s\"", uv_strerror(rc));
        free(loop);
        *out = NULL;
        return WR_ERR_INTERNAL;
    }
    must(uv_check_init(&loop->uv, &loop->after_events), "uv_check_init");
    must(uv_idle_init(&loop->uv, &loop->no_sleep), "uv_idle_init");
    loop->after_events.data = loop;
    must(uv_check_start(&loop->after_events, run_deferred), "uv_check_start");
    *out = loop;
    return WR_OK;
}

void wr_loop_run(struct wr_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void wr_loop_stop(struct wr_loop *loop)
{
    uv_stop(&loop->uv);
}

/* Keeps a turn of wr_loop_close() from waiting longer than the limit; does not count as alive itself. */
static void on_limit(uv_timer_t *timer)
{
    (void)timer;
}

bool wr_loop_close(struct wr_loop *loop, int limit_ms)
{
    if (!loop)
        return true;
    uint64_t deadline = wr_mono_ms() + (uint64_t)limit_ms;
    uv_timer_t limit;
    must(uv_timer_init(&loop->uv, &limit), "uv_timer_init");
    uv_unref((uv_handle_t *)&limit);
    uv_update_time(&loop->uv);
    must(uv_timer_start(&limit, on_limit, (uint64_t)limit_ms, 5), "uv_timer_start");
    uv_check_stop(&loop->after_events);
    do {
        if (loop->waiting.count)
            must(uv_check_start(&loop->after_events, run_deferred), "uv_check_start");
        uv_run(&loop->uv, loop->waiting.count ? UV_RUN_NOWAIT : UV_RUN_ONCE);
        uv_check_stop(&loop->after_events);
    } while ((loop->waiting.count || uv_loop_alive(&loop->uv)) && wr_mono_ms() < deadline);
    bool clean = !loop->waiting.count && !uv_loop_alive(&loop->uv);
    uv_close((uv_handle_t *)&limit, NULL);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    if (!clean) {
        must(uv_check_start(&loop->after_events, run_deferred), "uv_check_start");
        return false; /* whoever left a handle may still hold it: the memory stays */
    }
    uv_close((uv_handle_t *)&loop->after_events, NULL);
    uv_close((uv_handle_t *)&loop->no_sleep, NULL);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    must(uv_loop_close(&loop->uv), "uv_loop_close");
    free(loop->waiting.at);
    free(loop->running.at);
    free(loop);
    return true;
}

void *wr_loop_native(struct wr_loop *loop)
{
    return &loop->uv;
}

uint64_t wr_loop_now_ms(const struct wr_loop *loop)
{
    return uv_now(&loop->uv);
}

void wr_loop_defer(struct wr_loop *loop, wr_loop_cb *run, void *ctx)
{
    struct deferrals *w = &loop->waiting;
    if (w->count == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 16;
        w->at = wr_realloc(w->at, w->cap * sizeof *w->at);
    }
    w->at[w->count++] = (struct deferral){.run = run, .ctx = ctx};
    if (w->count == 1)
        must(uv_idle_start(&loop->no_sleep, on_idle), "uv_idle_start");
}

/* ---- timers ---- */

static void on_timer(uv_timer_t *uv)
{
    struct wr_timer *t = (struct wr_timer *)uv;
    t->on_due(t->ctx);
}

struct wr_timer *wr_timer_new(struct wr_loop *loop, wr_loop_cb *on_due, void *ctx)
{
    struct wr_timer *t = wr_alloc(sizeof *t);
    t->on_due = on_due;
    t->ctx = ctx;
    must(uv_timer_init(&loop->uv, &t->uv), "uv_timer_init");
    return t;
}

void wr_timer_start(struct wr_timer *t, uint64_t delay_ms, uint64_t repeat_ms)
{
    must(uv_timer_start(&t->uv, on_timer, delay_ms, repeat_ms), "uv_timer_start");
}

void wr_timer_stop(struct wr_timer *t)
{
    uv_timer_stop(&t->uv);
}

void wr_timer_free(struct wr_timer *t)
{
    if (t)
        uv_close((uv_handle_t *)&t->uv, free_closed);
}

/* ---- descriptors ---- */

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct wr_watch *w = (struct wr_watch *)uv;
    int seen = (events & UV_READABLE ? WR_READABLE : 0) | (events & UV_WRITABLE ? WR_WRITABLE : 0);
    if (status < 0) {
        w->events = 0; /* libuv has stopped the handle */
        seen = WR_READABLE | WR_WRITABLE;
    }
    w->on_event(w->ctx, seen);
}

struct wr_watch *wr_watch_new(struct wr_loop *loop, int fd, wr_watch_cb *on_event, void *ctx)
{
    struct wr_watch *w = wr_alloc(sizeof *w);
    w->on_event = on_event;
    w->ctx = ctx;
    must(uv_poll_init(&loop->uv, &w->uv, fd), "uv_poll_init");
    return w;
}

void wr_watch_set(struct wr_watch *w, int events)
{
    if (events == w->events)
        return; /* each change costs a system call */
    w->events = events;
    if (!events) {
        uv_poll_stop(&w->uv);
        return;
    }
    int wanted = (events & WR_READABLE ? UV_READABLE : 0) | (events & WR_WRITABLE ? UV_WRITABLE : 0);
    must(uv_poll_start(&w->uv, wanted, on_poll), "uv_poll_start");
}

void wr_watch_free(struct wr_watch *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->uv, free_closed);
}

/* ---- wake-ups ---- */

static void on_async(uv_async_t *uv)
{
    struct wr_wake *w = (struct wr_wake *)uv;
    w->on_wake(w->ctx);
}

struct wr_wake *wr_wake_new(struct wr_loop *loop, wr_loop_cb *on_wake, void *ctx)
{
    struct wr_wake *w = wr_alloc(sizeof *w);
    w->on_wake = on_wake;
    w->ctx = ctx;
    must(uv_async_init(&loop->uv, &w->uv, on_async), "uv_async_init");
    return w;
}

void wr_wake_send(struct wr_wake *w)
{
    uv_async_send(&w->uv);
}

void wr_wake_free(struct wr_wake *w)
{
    if (w)
        uv_close((uv_handle_t *)&w->uv, free_closed);
}

/* ---- signals ---- */

static void on_signal_number(uv_signal_t *uv, int signum)
{
    (void)signum;
    struct wr_signal *s = (struct wr_signal *)uv;
    s->on_signal(s->ctx);
}

struct wr_signal *wr_signal_new(struct wr_loop *loop, int signum, wr_loop_cb *on_signal, void *ctx)
{
    struct wr_signal *s = wr_alloc(sizeof *s);
    s->on_signal = on_signal;
    s->ctx = ctx;
    must(uv_signal_init(&loop->uv, &s->uv), "uv_signal_init");
    must(uv_signal_start(&s->uv, on_signal_number, signum), "uv_signal_start");
    return s;
}

void wr_signal_free(struct wr_signal *s)
{
    if (s)
        uv_close((uv_handle_t *)&s->uv, free_closed);
}

const char *wr_loop_version(void)
{
    static char text[32];
    snprintf(text, sizeof text, "libuv %s", uv_version_string());
    return text;
}
