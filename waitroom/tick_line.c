/* tick_line.c
 *
 *   every 100 ms: line_due --> report: the state now --> tick.lua --answer--> called, grants, again, refused
 *                                                          |
 *                                                          closed, refused, no answer: the next one hands in the whole list
 *
 * One in flight. Nothing is believed of a call without an answer: what it was to say is said again (every part of tick.lua
 * may be repeated), and what it gave comes back as `again` when the whole list is handed in. */
#include "tick_line.h"
#include "clock.h"
#include "grant_admissions.h"
#include "join_line.h"
#include "keyspace.h"
#include "lua_waitroom.h"
#include "room.h"
#include "waitroom_metrics.h"
#include <stdlib.h>
#include <string.h>

enum {
    SAYS_MAX = 1000,
    HANDED_MAX = 500,
    FULL_EVERY_MS = 10000, /* heals whatever two tabs on two workers left behind */
};
enum reply { /* as tick.lua RETURNS it */
             REPLY_CALLED,
             REPLY_STRIDE,
             REPLY_TARGET,
             REPLY_RESYNC,
             REPLY_CLOCK,
             REPLY_YIELD,
             REPLY_GRANTS,
             REPLY_AGAIN,
             REPLY_REFUSED,
             REPLY_LIMIT,
             REPLY_COUNT
};
static void send_tick(struct room *room);
static void on_ticked(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void failed(struct room *room);
static void note_limit(struct room *room, enum line_limit limit, uint64_t now)
{
    if (room->limit == limit)
        return;
    room->limit = limit;
    room->limit_ms = now;
}

static void answered(struct room *room, const struct wr_reply *reply);

bool tick_unsaid(const struct room *room)
{
    return room->say_count || room->line.gone_count;
}

void tick_line(void *ctx)
{
    struct room *room = ctx;
    room_tell_closed(room);
    line_due(&room->line, room_now(room));
    if (room_is_closed(room) || room->phase < WR_PHASE_LIVE)
        return;
    if (!room->w->draining)
        join_try(room);
    if (room->tick_in_flight)
        return;
    if (room->line.seats || tick_unsaid(room))
        send_tick(room);
    else
        room->in_step = false; /* `called` goes on without us: who comes next learns it first */
}

void tick_resync(struct room *room)
{
    room->full = true;
    room->in_step = false;
    for (size_t i = 0; i < room->by_place.slot_count; i++) {
        for (struct index_node *n = room->by_place.slots[i]; n; n = n->next) {
            struct shopper *p = LINK_OWNER(n, struct shopper, by_place);
            p->handing_in = p->admission != NULL;
        }
    }
}

/* ---- asking ---- */
static void place_arg(struct wr_args *args, uint64_t place)
{
    wr_arg_printf(args, "%llu", (unsigned long long)place);
}

static void add_numbers(struct wr_args *args, const struct room *room, const struct line_report *r)
{
    struct wr_buf next = {0};
    wr_arg_int(args, room->gen);
    wr_arg_int(args, room->run);
    wr_arg_text(args, room->w->me);
    wr_arg_int(args, room->full);
    place_arg(args, room->line.called);
    wr_arg_int(args, room->clock_ms && room->clock_gen != room->gen ? room_clock(room) : 0);
    place_arg(args, r->low);
    place_arg(args, r->first);
    wr_arg_int(args, (int64_t)r->waiting);
    wr_arg_int(args, (int64_t)r->held);
    wr_arg_int(args, r->asked);
    wr_arg_int(args, r->answered);
    wr_arg_int(args, (int64_t)room->stride);
    wr_arg_int(args, (int64_t)r->uncalled);
    for (size_t i = 0; i < r->next_count; i++)
        wr_buf_printf(&next, "%s%llu", i ? " " : "", (unsigned long long)r->next[i]);
    wr_arg(args, next.at ? next.at : "", next.len);
    wr_buf_free(&next);
}

static size_t hand_in(struct shopper *p, struct shopper **out, size_t count)
{
    p->handing_in = false; /* again if the call fails: tick_resync() */
    out[count] = p;
    return count + 1;
}

static size_t collect_handed(struct link *head, struct shopper **out, size_t count, int64_t *unhanded)
{
    for (struct link *l = head->next; l != head; l = l->next) {
        struct shopper *p = SEAT_SHOPPER(LINK_OWNER(l, struct seat, turn));
        if (!p->handing_in || !p->admission)
            continue;
        if (count < HANDED_MAX)
            count = hand_in(p, out, count);
        else
            ++*unhanded;
    }
    return count;
}

/* As many as go now. What is said of an admission goes with its row or after it: Redis knows none that was not handed in. */
static size_t choose_says(struct room *room, struct shopper **handed)
{
    size_t count = 0, n = 0;
    for (; n < room->say_count && n < SAYS_MAX; n++) {
        struct shopper *p = room_shopper_at(room, room->says[n].place);
        if (!p || !p->handing_in || !p->admission)
            continue;
        if (count == HANDED_MAX)
            break;
        count = hand_in(p, handed, count);
    }
    room->says_sent = n;
    return count;
}

static void add_says(struct wr_args *args, const struct room *room, enum say_kind kind)
{
    for (size_t i = 0; i < room->says_sent; i++) {
        if (room->says[i].kind != kind)
            continue;
        place_arg(args, room->says[i].place);
        wr_arg_text(args, room->says[i].jti);
    }
}

static void add_lists(struct wr_args *args, struct room *room, const struct line_report *r)
{
    struct shopper *handed[HANDED_MAX];
    size_t handed_count = choose_says(room, handed);
    int64_t says[3] = {0}, unhanded = 0;
    handed_count = collect_handed(&room->line.given, handed, handed_count, &unhanded);
    handed_count = collect_handed(&room->line.inside, handed, handed_count, &unhanded);
    for (size_t i = 0; i < room->says_sent; i++)
        says[room->says[i].kind]++;
    wr_arg_int(args, unhanded);
    wr_arg_int(args, (int64_t)r->add_count);
    wr_arg_int(args, (int64_t)r->del_count);
    wr_arg_int(args, says[SAY_ENTERED]);
    wr_arg_int(args, says[SAY_EXPIRED]);
    wr_arg_int(args, says[SAY_LEFT]);
    wr_arg_int(args, (int64_t)handed_count);
    for (size_t i = 0; i < r->add_count; i++) {
        place_arg(args, seat_place(r->add[i]));
        wr_arg_text(args, SEAT_SHOPPER(r->add[i])->ticket.shopper);
        wr_arg_int(args, (int64_t)(room_now(room) - r->add[i]->ready_ms));
        wr_arg_int(args, r->add[i]->vouched);
    }
    for (size_t i = 0; i < r->del_count; i++)
        place_arg(args, r->del[i]);
    add_says(args, room, SAY_ENTERED);
    add_says(args, room, SAY_EXPIRED);
    add_says(args, room, SAY_LEFT);
    for (size_t i = 0; i < handed_count; i++) {
        const struct admission *a = handed[i]->admission;
        place_arg(args, handed[i]->ticket.place);
        wr_arg_text(args, handed[i]->ticket.shopper);
        wr_arg_text(args, a->jti);
        wr_arg_int(args, a->granted_ms);
        wr_arg_int(args, a->expires_ms);
        wr_arg_int(args, a->entered);
    }
    room->handed_sent = handed_count;
}

static void send_tick(struct room *room)
{
    struct line_report *r = &room->w->report;
    struct wr_args args = {0};
    if (room_now(room) >= room->full_ms)
        room->full = true;
    line_report(&room->line, room->full, room->target, room->stride, room_now(room), r);
    wr_key_script_of_run(&args, &wr_lua_tick, room->sale, room->run, 0);
    add_numbers(&args, room, r);
    add_lists(&args, room, r);
    room->sent_asked = r->asked;
    room->sent_answered = r->answered;
    room->tick_in_flight = true;
    room->ticks++;
    room->tick_run = room->run;
    room->tick_gen = room->gen;
    room->tick_sent_us = wr_mono_us();
    wr_redis_eval(room->w->line, &wr_lua_tick, &args, on_ticked, room);
    wr_args_free(&args);
}

/* ---- the answer ---- */
static void on_ticked(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct room *room = ctx;
    room->tick_in_flight = false;
    wr_metric_observe_us(METRIC_TICK, wr_mono_us() - room->tick_sent_us);
    if (room->tick_run != room->run || room->tick_gen != room->gen) {
        wr_metric_add(METRIC_TICKS_CLOSED,
                      1); /* a new generation began meanwhile; it starts with a full list */
    } else if (err) {
        wr_metric_add(METRIC_TICKS_FAILED, 1);
        failed(room);
    } else if (wr_reply_count(reply) < REPLY_COUNT) {
        wr_metric_add(METRIC_TICKS_CLOSED, 1);
        failed(room);
    } else {
        wr_metric_add(METRIC_TICKS_OK, 1);
        answered(room, reply);
    }
}

static void failed(struct room *room)
{
    line_uncount(&room->line, room->sent_asked, room->sent_answered);
    if (room->handed_sent)
        tick_resync(room);
    room->full = true;
    room->in_step = false;
    room->says_sent = room->handed_sent = 0;
}

static void forget_said(struct room *room)
{
    room->say_count -= room->says_sent;
    memmove(room->says, room->says + room->says_sent, room->say_count * sizeof *room->says);
    room->says_sent = 0;
}

static int64_t number_at(const struct wr_reply *reply, enum reply what)
{
    return wr_reply_int(wr_reply_at(reply, what));
}

static void answered(struct room *room, const struct wr_reply *reply)
{
    bool resync = number_at(reply, REPLY_RESYNC) != 0;
    uint64_t now = room_now(room);
    wr_metric_add(METRIC_RESYNCS, resync);
    wr_metric_add(METRIC_HANDED_IN, (int64_t)room->handed_sent);
    if (room->says_sent)
        forget_said(room);
    room->handed_sent = 0;
    if (room->full) {
        room->full_ms = now + FULL_EVERY_MS / 2 + (uint64_t)rand() % FULL_EVERY_MS;
        room->clock_gen = room->gen;
    }
    room->full = resync;
    room->stride = (size_t)number_at(reply, REPLY_STRIDE);
    room->target = (size_t)number_at(reply, REPLY_TARGET);
    room->clock_ms = number_at(reply, REPLY_CLOCK);
    room->clock_mono_ms = now;
    room->yield = (double)number_at(reply, REPLY_YIELD) / 1000;
    note_limit(room, (enum line_limit)number_at(reply, REPLY_LIMIT), now);
    grant_admissions(room, wr_reply_at(reply, REPLY_GRANTS), wr_reply_at(reply, REPLY_AGAIN),
                     wr_reply_at(reply, REPLY_REFUSED));
    /* Whoever is asked on a first or resynchronising call is not waited for. */
    line_called(&room->line, (uint64_t)number_at(reply, REPLY_CALLED), room->in_step && !resync, now);
    room->in_step = !resync;
    if (!resync)
        room->ticks_known = room->ticks;
}
