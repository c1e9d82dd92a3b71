/* join_line.c
 *
 *   joiners --end of the turn--> join.lua: n numbers --> done(place) for the first n, in the order they came,
 *      |                            |                    a slice of them a turn
 *      |                            none under the ceiling, closed, no answer: they wait; the next tick tries again
 *      v                            not open, ended, rejected: done(why) for all
 *   a ticket instead: resume_place(), on whatever worker
 *
 * A lost answer may have taken numbers: those skipped are absent shoppers and cost nothing. */
#include "join_line.h"
#include "clock.h"
#include "count_presence.h"
#include "follow_orders.h"
#include "keyspace.h"
#include "lua_waitroom.h"
#include "room.h"
#include "waitroom_metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void step(void *ctx);
static void send_batch(struct room *room);
static void on_numbers(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void give_some(struct room *room);

/* ---- numbers ---- */
void join_line(struct room *room, struct joiner *joiner)
{
    link_init(&joiner->link);
    if (room->w->joiners >= (size_t)room->w->config->joiners_max) {
        joiner->done(joiner, WR_ERR_BUSY, 0);
        return;
    }
    list_append(&room->joiners, &joiner->link);
    room->w->joiners++;
    join_try(room);
}

void joiner_leave(struct room *room, struct joiner *joiner)
{
    if (link_alone(&joiner->link))
        return;
    link_out(&joiner->link);
    room->w->joiners--;
}

static void step_later(struct room *room)
{
    if (room->join_deferred)
        return;
    room->join_deferred = true;
    wr_loop_defer(room->w->loop, step, room);
}

void join_try(struct room *room)
{
    if (!room->join_in_flight && !room->numbers_left && !room_is_closed(room) && list_first(&room->joiners))
        step_later(room);
}

static void step(void *ctx)
{
    struct room *room = ctx;
    room->join_deferred = false;
    if (room->freed)
        free(room);
    else if (room->numbers_left)
        give_some(room);
    else
        send_batch(room);
}

static void send_batch(struct room *room)
{
    int64_t count = 0;
    for (struct link *l = room->joiners.next; l != &room->joiners && count < JOIN_BATCH_MAX; l = l->next)
        count++;
    if (count == 0 || room_is_closed(room))
        return;
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_join, room->sale);
    wr_arg_int(&args, room->gen);
    wr_arg_int(&args, room->run);
    wr_arg_int(&args, count);
    room->join_in_flight = true;
    room->join_run = room->run;
    wr_redis_eval(room->w->line, &wr_lua_join, &args, on_numbers, room);
    wr_args_free(&args);
}

static void answer_first(struct room *room, enum wr_err err, uint64_t place)
{
    struct joiner *joiner = LINK_OWNER(list_first(&room->joiners), struct joiner, link);
    joiner_leave(room, joiner);
    joiner->done(joiner, err, place);
}

void joiners_refuse(struct room *room, enum wr_err err)
{
    while (list_first(&room->joiners))
        answer_first(room, err, 0);
}

static enum wr_err refusal(const char *why)
{
    return strcmp(why, "not-open") == 0 ? WR_ERR_NOT_OPEN
           : strcmp(why, "ended") == 0  ? WR_ERR_ENDED
                                        : WR_ERR_NOT_ADMITTING;
}

static void on_numbers(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct room *room = ctx;
    room->join_in_flight = false;
    if (err || room->join_run != room->run)
        return; /* tried again with the next tick; numbers of the run before are nobody's */
    if (wr_reply_count(reply) < 2) {
        const char *why = wr_reply_text(wr_reply_at(reply, 0), NULL);
        if (strcmp(why, "closed") != 0)
            joiners_refuse(room, refusal(why));
        return;
    }
    room->number_next = (uint64_t)wr_reply_int(wr_reply_at(reply, 0));
    room->numbers_left = wr_reply_int(wr_reply_at(reply, 1));
    if (room->numbers_left) /* with none under the ceiling the next tick asks */
        give_some(room);
}

/* Each of them makes a ticket and messages: all of a storm at once would keep the ticks and everybody's answers waiting
 * for seconds. */
static void give_some(struct room *room)
{
    for (int i = 0; i < JOINED_A_TURN && room->numbers_left && list_first(&room->joiners); i++) {
        wr_metric_add(METRIC_JOINED, 1);
        room->numbers_left--;
        answer_first(room, WR_OK, room->number_next++);
    }
    if (!list_first(&room->joiners))
        room->numbers_left = 0; /* who asked has left meanwhile: numbers of nobody */
    if (room->numbers_left)
        step_later(room);
    else
        join_try(room); /* who came meanwhile */
}

/* ---- places ---- */
/* A line that was not looked at for a while learns how far it is called before anybody stands in it. */
static void learn_called(struct room *room)
{
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    if (sale && !room->in_step)
        line_called(&room->line, (uint64_t)sale->called, false, room_now(room));
}

struct shopper *take_place(struct room *room, const char *shopper, uint64_t place, const struct session *by)
{
    struct shopper *p = room_shopper_of(room, shopper);
    if (p && p->seat.state != SEAT_OVER)
        return p; /* another tab was faster; this number stays empty */
    bool follows = p && p->channel; /* what was ordered in the turn that is over may still be paid */
    if (p)
        shopper_replace(p, by); /* its turn is over: a new place at the end */
    struct wr_ticket ticket = {.run = room->run, .place = place, .issued_s = wr_wall_ms() / 1000};
    wr_copy_text(ticket.shopper, sizeof ticket.shopper, shopper, strlen(shopper));
    learn_called(room);
    p = shopper_new(room, &ticket);
    if (follows)
        follow_orders(p);
    return p;
}

enum wr_err check_ticket(struct room *room, const char *text, const char *shopper, struct wr_ticket *out)
{
    enum wr_err err = wr_ticket_verify(room->w->ticket_key, text, strlen(text), out);
    if (err)
        return err;
    /* No place has been moved to another device: only tickets that never moved are current. */
    if (out->run != room->run || out->lane != 0 || out->moves != 0 || out->place == 0)
        return WR_ERR_TICKET_INVALID;
    if (!wr_equal(out->shopper, shopper, WR_SHOPPER_LEN))
        return WR_ERR_TICKET_INVALID;
    return WR_OK;
}

static void on_published(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    (void)ctx, (void)err, (void)reply; /* lost: the older tab learns it from `spent`, or by closing */
}

enum { WORKER_LEN = 16 };
static bool read_was(const char *was, char worker[WORKER_LEN + 1], unsigned long long *visit)
{
    uint8_t id[WORKER_LEN / 2];
    return sscanf(was, "%16[^-]-%llx", worker, visit) == 2 && strlen(worker) == WORKER_LEN &&
           wr_unhex(worker, WORKER_LEN, id);
}

bool was_elsewhere(const struct waitroom *w, const char *was)
{
    char worker[WORKER_LEN + 1];
    unsigned long long visit;
    return read_was(was, worker, &visit) && strcmp(worker, w->me) != 0;
}

static void tell_former_worker(struct room *room, const char *was, uint64_t place)
{
    struct wr_args args = {0};
    char channel[WR_CHANNEL_MAX], worker[WORKER_LEN + 1];
    unsigned long long visit;
    if (!read_was(was, worker, &visit))
        return;
    wr_channel_of_worker(channel, worker);
    wr_arg_text(&args, "PUBLISH");
    wr_arg_text(&args, channel);
    wr_arg_printf(&args, "%s 0 %llu %llx", room->sale, (unsigned long long)place, visit);
    wr_redis_command(room->w->line, &args, on_published, NULL);
    wr_args_free(&args);
}

struct shopper *resume_place(struct room *room, const struct wr_ticket *ticket, const char *was,
                             const struct session *by)
{
    struct shopper *p = room_shopper_at(room, ticket->place);
    wr_metric_add(METRIC_RESUMED, 1);
    if (was_elsewhere(room->w, was) && !room->closed)
        tell_former_worker(room, was, ticket->place);
    if (p && p->seat.state == SEAT_OVER) {
        shopper_replace(p, by); /* asked anew: what became of the place, Redis knows */
        p = NULL;
    }
    if (p) {
        shopper_returns(p);
        return p;
    }
    if ((p = room_shopper_of(room, ticket->shopper)) != NULL)
        shopper_replace(p, by); /* another place of this browser: the one it brings counts */
    learn_called(room);
    return shopper_new(room, ticket);
}

void on_worker_channel(void *ctx, const char *channel, const char *message, size_t len)
{
    struct waitroom *w = ctx;
    char text[100], sale[WR_SALE_LEN + 1];
    int lane;
    unsigned long long place, visit;
    (void)channel;
    if (!wr_copy_text(text, sizeof text, message, len) ||
        sscanf(text, "%40s %d %llu %llx", sale, &lane, &place, &visit) != 4)
        return;
    struct room *room = room_find(w, sale);
    if (!room)
        return;
    presence_back(room, place);
    struct shopper *p = room_shopper_at(room, place);
    if (p && p->visit == visit)
        shopper_replace(p, NULL);
}

/* ---- joining on a socket ---- */
/* Numbers cost nothing and make everybody's later: who leaves and joins by mistake needs few, a script asks for many. */
enum { NUMBERS_A_SPELL = 3, SPELL_MS = 30000 };

static bool takes_too_many(struct session *s)
{
    uint64_t now = room_now(s->room);
    if (now - s->spell_ms >= SPELL_MS) {
        s->spell_ms = now;
        s->numbers = 0;
    }
    return s->numbers >= NUMBERS_A_SPELL;
}

static void on_session_number(struct joiner *joiner, enum wr_err err, uint64_t place)
{
    struct session *s = LINK_OWNER(joiner, struct session, joiner);
    session_set_state(s, SESSION_OPEN);
    if (err) {
        session_refuse(s, err, NULL);
        return;
    }
    s->numbers++;
    shopper_attach(take_place(s->room, joiner->shopper, place, s), s);
}

enum wr_err join_door(const struct room *room)
{
    if (room->phase == WR_PHASE_ENDED)
        return WR_ERR_ENDED;
    return room->phase < WR_PHASE_LIVE ? WR_ERR_NOT_OPEN : WR_OK;
}

void join_session(struct session *s, const char *ticket, const char *was)
{
    struct room *room = s->room;
    struct wr_ticket t;
    if (ticket[0]) {
        if (check_ticket(room, ticket, s->who, &t))
            session_refuse(s, WR_ERR_TICKET_INVALID, NULL);
        else
            shopper_attach(resume_place(room, &t, was, s), s);
        return;
    }
    struct shopper *p = room_shopper_of(room, s->who);
    if (p && p->seat.state != SEAT_OVER) {
        shopper_attach(p, s);
        return;
    }
    enum wr_err err = join_door(room);
    if (!err && takes_too_many(s))
        err = WR_ERR_TOO_MANY;
    if (err) {
        session_refuse(s, err, NULL);
        return;
    }
    session_set_state(s, SESSION_JOINING);
    s->closed_counted = false;
    if (room->closed_told)
        session_tell(s, TELL_CLOSED);
    memcpy(s->joiner.shopper, s->who, sizeof s->who);
    s->joiner.done = on_session_number;
    join_line(room, &s->joiner);
}
