/* join_line.c
 *
 *   joiners --end of the turn--> join.lua: n numbers --> done(place) for the first n, in the order they came
 *      |                            |
 *      |                            none under the ceiling, closed, no answer: they wait; the next tick tries
 * again v                            not open, ended, rejected: done(why) for all a ticket instead:
 * resume_place(), on whatever worker
 *
 * A lost answer may have taken numbers: those skipped are absent shoppers and cost nothing. */
#include "clock.h"
#include "lua_waitroom.h"
#include "meters.h"
#include "redis_keys.h"
#include "room.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void send_batch(void *ctx);
static void on_numbers(void *ctx, enum wr_err err, const struct wr_reply *reply);

/* ---- numbers ---- */
void join_line(struct room *room, struct joiner *joiner)
{
    link_init(&joiner->link);
    if (room->w->joiners >= JOINERS_MAX) {
        joiner->done(joiner, WR_ERR_BUSY, 0);
        return;
    }
    list_append(&room->joiners, &joiner->link);
    room->w->joiners++;
    join_try(room);
}

void joiner_leave(struct room *room, struct joiner *joiner)
{
    link_out(&joiner->link);
    room->w->joiners--;
}

void join_try(struct room *room)
{
    if (room->join_deferred || room->join_in_flight || room->closed || !list_first(&room->joiners))
        return;
    room->join_deferred = true;
    wr_loop_defer(room->w->loop, send_batch, room);
}

static void send_batch(void *ctx)
{
    struct room *room = ctx;
    int64_t count = 0;
    room->join_deferred = false;
    for (struct link *l = room->joiners.next; l != &room->joiners && count < JOIN_BATCH_MAX; l = l->next)
        count++;
    if (count == 0 || room->closed)
        return;
    struct wr_args args = {0};
    key_of_line(&args, room->sale, "line");
    wr_arg_int(&args, room->gen);
    wr_arg_int(&args, room->run);
    wr_arg_int(&args, count);
    room->join_in_flight = true;
    wr_redis_eval(room->w->line, &wr_lua_join, &args, on_numbers, room);
    wr_args_free(&args);
}

static void answer_first(struct room *room, enum wr_err err, uint64_t place)
{
    struct joiner *joiner = LINK_OWNER(list_first(&room->joiners), struct joiner, link);
    joiner_leave(room, joiner);
    joiner->done(joiner, err, place);
}

static void refuse_all(struct room *room, const char *why)
{
    enum wr_err err = strcmp(why, "not-open") == 0 ? WR_ERR_NOT_OPEN
                      : strcmp(why, "ended") == 0  ? WR_ERR_ENDED
                                                   : WR_ERR_BUSY;
    while (list_first(&room->joiners))
        answer_first(room, err, 0);
}

static void on_numbers(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct room *room = ctx;
    room->join_in_flight = false;
    if (err)
        return; /* tried again with the next tick */
    if (wr_reply_count(reply) < 2) {
        const char *why = wr_reply_text(wr_reply_at(reply, 0), NULL);
        if (strcmp(why, "closed") != 0)
            refuse_all(room, why);
        return;
    }
    uint64_t first = (uint64_t)wr_reply_int(wr_reply_at(reply, 0));
    int64_t count = wr_reply_int(wr_reply_at(reply, 1));
    for (int64_t i = 0; i < count && list_first(&room->joiners); i++) {
        wr_metric_add(METRIC_JOINED, 1);
        answer_first(room, WR_OK, first + (uint64_t)i);
    }
    if (count)
        join_try(room); /* who came meanwhile; with none under the ceiling the next tick asks */
}

/* ---- places ---- */
/* A line that was not looked at for a while learns how far it is called before anybody stands in it. */
static void learn_called(struct room *room)
{
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    if (sale && !room->in_step)
        line_called(&room->line, (uint64_t)sale->called, false, room_now(room));
}

struct shopper *take_place(struct room *room, const char *shopper, uint64_t place)
{
    struct shopper *p = room_shopper_of(room, shopper);
    if (p && p->seat.state != SEAT_OVER)
        return p; /* another tab was faster; this number stays empty */
    if (p)
        shopper_free(p); /* its turn is over: a new place at the end */
    struct wr_ticket ticket = {.run = room->run, .place = place, .issued_s = wr_wall_ms() / 1000};
    wr_copy_text(ticket.shopper, sizeof ticket.shopper, shopper, strlen(shopper));
    learn_called(room);
    return shopper_new(room, &ticket);
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

static void tell_former_worker(struct room *room, const char *was, uint64_t place)
{
    struct wr_args args = {0};
    char channel[CHANNEL_MAX];
    channel_of_worker(channel, was);
    wr_arg_text(&args, "PUBLISH");
    wr_arg_text(&args, channel);
    wr_arg_printf(&args, "%s 0 %llu", room->sale, (unsigned long long)place);
    wr_redis_command(room->w->line, &args, on_published, NULL);
    wr_args_free(&args);
}

struct shopper *resume_place(struct room *room, const struct wr_ticket *ticket, const char *was)
{
    uint8_t id[8];
    struct shopper *p = room_shopper_at(room, ticket->place);
    wr_metric_add(METRIC_RESUMED, 1);
    if (strlen(was) == 16 && wr_unhex(was, 16, id) && strcmp(was, room->w->me) != 0 && !room->closed)
        tell_former_worker(room, was, ticket->place);
    if (p && p->seat.state == SEAT_OVER) {
        shopper_free(p); /* asked anew: what became of the place, Redis knows */
        p = NULL;
    }
    if (p)
        return p;
    if ((p = room_shopper_of(room, ticket->shopper)) != NULL)
        shopper_free(p); /* another place of this browser: the one it brings counts */
    learn_called(room);
    return shopper_new(room, ticket);
}

void on_worker_channel(void *ctx, const char *channel, const char *message, size_t len)
{
    struct waitroom *w = ctx;
    char text[80], sale[WR_SALE_LEN + 1];
    int lane;
    unsigned long long place;
    (void)channel;
    if (!wr_copy_text(text, sizeof text, message, len) ||
        sscanf(text, "%40s %d %llu", sale, &lane, &place) != 3)
        return;
    struct room *room = room_find(w, sale);
    if (!room)
        return;
    presence_back(room, place);
    struct shopper *p = room_shopper_at(room, place);
    if (!p)
        return;
    struct session *s = p->session;
    shopper_free(p);
    if (s) {
        wr_metric_add(METRIC_SUPERSEDED, 1);
        session_end(s, TELL_SUPERSEDED, 4001);
    }
}

/* ---- joining on a socket ---- */
static void on_session_number(struct joiner *joiner, enum wr_err err, uint64_t place)
{
    struct session *s = LINK_OWNER(joiner, struct session, joiner);
    session_set_state(s, SESSION_OPEN);
    if (err)
        session_refuse(s, err, NULL);
    else
        shopper_attach(take_place(s->room, joiner->shopper, place), s);
}

void join_session(struct session *s, const char *ticket, const char *was)
{
    struct room *room = s->room;
    struct wr_ticket t;
    if (ticket[0]) {
        enum wr_err err = check_ticket(room, ticket, s->who, &t);
        if (err)
            session_refuse(s, WR_ERR_TICKET_INVALID, NULL);
        else
            shopper_attach(resume_place(room, &t, was), s);
        return;
    }
    struct shopper *p = room_shopper_of(room, s->who);
    if (p && p->seat.state != SEAT_OVER) {
        shopper_attach(p, s);
        return;
    }
    if (room->phase < WR_PHASE_LIVE || room->phase == WR_PHASE_ENDED) {
        session_refuse(s, room->phase == WR_PHASE_ENDED ? WR_ERR_ENDED : WR_ERR_NOT_OPEN, NULL);
        return;
    }
    if (room->closed)
        session_refuse(s, WR_ERR_CLOSED, "The line is closed for a moment; you join as soon as it opens.");
    session_set_state(s, SESSION_JOINING);
    memcpy(s->joiner.shopper, s->who, sizeof s->who);
    s->joiner.done = on_session_number;
    join_line(room, &s->joiner);
}
