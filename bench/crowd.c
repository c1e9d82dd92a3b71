#include "crowd.h"
#include "clock.h"
#include "mem.h"
#include "shopper.h"
#include <stdlib.h>
#include <sys/resource.h>

#define DUE_A_TURN 16 /* each shopper is a device of its own: who is called does not wait for all who are to come */
#define SPARE_FDS 200 /* for HTTP beside the sockets, and for what the process has open anyway */

void crowd_timer(struct crowd *c, uint32_t shopper, enum timer timer, uint64_t delay_ms)
{
    wheel_start(c->wheel, shopper * TIMERS + timer, c->now_ms + delay_ms);
}

void crowd_timer_stop(struct crowd *c, uint32_t shopper, enum timer timer)
{
    wheel_stop(c->wheel, shopper * TIMERS + timer);
}

static uint32_t descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur > 1000000 ? 1000000 : (uint32_t)limit.rlim_cur;
}

uint32_t crowd_processes(const struct options *o)
{
    if (o->processes)
        return (uint32_t)o->processes;
    /* Half of what is left beside the spare ones stays free for checkouts that all come at once. */
    uint64_t sockets = (uint64_t)(o->shoppers + o->deaf_more), each = descriptors() - SPARE_FDS;
    uint64_t room = each > 4000 ? each - 2000 : each;
    return (uint32_t)((sockets + room - 1) / room);
}

static void on_open(void *ctx, uint32_t conn, uint32_t owner)
{
    shopper_opened(ctx, owner, conn);
}

static long on_data(void *ctx, uint32_t conn, uint32_t owner, char *bytes, size_t len)
{
    return shopper_read(ctx, owner, conn, bytes, len);
}

static void on_closed(void *ctx, uint32_t conn, uint32_t owner)
{
    shopper_closed(ctx, owner, conn);
}

static void plan_all(struct crowd *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct shopper *s = &c->shoppers[i];
        s->plan = plan_shopper(c->stage->options, c->first + i * c->step);
        s->socket = s->http = NO_CONN;
        s->ahead = s->event = -1;
        wheel_start(c->wheel, i * TIMERS + TIMER_LINK, c->stage->begins_ms + s->plan.arrive_ms);
    }
}

void crowd_run(const struct stage *stage, struct tally *tally, uint32_t index, uint32_t processes)
{
    struct crowd *c = wr_alloc(sizeof *c);
    uint32_t all = (uint32_t)(stage->options->shoppers + stage->options->deaf_more);
    c->stage = stage;
    c->tally = tally;
    c->first = index;
    c->step = processes;
    c->count = (all - index + processes - 1) / processes;
    c->shoppers = wr_alloc(c->count * sizeof *c->shoppers);
    c->now_ms = wr_mono_ms();
    c->wheel = wheel_new(c->count * TIMERS, c->now_ms);
    c->net = net_new(
        descriptors() - SPARE_FDS / 2,
        &(struct net_events){.on_open = on_open, .on_data = on_data, .on_closed = on_closed, .ctx = c});
    net_sources(c->net, stage->source_first, stage->source_last);
    for (int i = 0; i < stage->lines; i++)
        c->line_targets[i] = net_target(c->net, &stage->line[i]);
    c->checkout_target = net_target(c->net, &stage->checkout);
    net_stamp(c->net, c->checkout_target);
    plan_all(c);
    int due = 0;
    while (!atomic_load_explicit(&tally->stop, memory_order_relaxed)) {
        net_poll(c->net, due < DUE_A_TURN ? 4 : 0);
        c->now_ms = wr_mono_ms();
        due = 0;
        for (uint32_t timer; due < DUE_A_TURN && wheel_due(c->wheel, c->now_ms, &timer); due++)
            shopper_due(c, timer / TIMERS, timer % TIMERS);
    }
    for (uint32_t i = 0; i < c->count; i++)
        shopper_stop(c, i);
}
