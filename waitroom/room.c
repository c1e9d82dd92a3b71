#include "room.h"
#include "clock.h"
#include "count_presence.h"
#include "grant_admissions.h"
#include "join_line.h"
#include "log.h"
#include "poll_line.h"
#include "tell_shopper.h"
#include "tick_line.h"
#include "waitroom_metrics.h"
#include <stdlib.h>
#include <string.h>

uint64_t room_now(const struct room *room)
{
    return wr_loop_now_ms(room->w->loop);
}

bool room_is_closed(const struct room *room)
{
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    return room->closed || !sale || sale->closed;
}

int64_t room_clock(const struct room *room)
{
    return room->clock_ms + (int64_t)(room_now(room) - room->clock_mono_ms);
}

void room_say(struct room *room, enum say_kind kind, uint64_t place, const char *jti)
{
    if (room->say_count == room->say_cap) {
        room->say_cap = room->say_cap ? room->say_cap * 2 : 64;
        room->says = wr_realloc(room->says, room->say_cap * sizeof *room->says);
    }
    struct say *say = &room->says[room->say_count++];
    *say = (struct say){.kind = kind, .place = place};
    wr_copy_text(say->jti, sizeof say->jti, jti, strlen(jti));
}

static void on_ask(void *ctx, struct seat *s)
{
    (void)ctx;
    wr_metric_add(METRIC_CALLS, 1);
    shopper_tell(SEAT_SHOPPER(s), TELL_CALLED);
}
const struct line_events room_line_events = {
    .ask = on_ask, .fell = admission_fell, .over = admission_over, .moved = presence_follow};

static struct room *room_new(struct waitroom *w, const char *sale)
{
    struct room *room = wr_alloc(sizeof *room);
    room->w = w;
    wr_copy_text(room->sale, sizeof room->sale, sale, strlen(sale));
    line_init(&room->line, &room_line_events, room);
    presence_init(&room->presence);
    struct link *heads[] = {&room->sessions, &room->pollers, &room->polls, &room->joiners, &room->away, &room->due};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        link_init(heads[i]);
    for (size_t i = 0; i < PUSH_SLOTS; i++)
        link_init(&room->wheel[i]);
    room->closed = room->full = true;
    room->closed_ms = room_now(room);
    room->stride = room->target = 32;
    room->yield = 1;
    room->wheel_ms = room_now(room) / PUSH_SLOT_MS;
    room->tick_timer = wr_timer_new(w->loop, tick_line, room);
    wr_timer_start(room->tick_timer, 1 + (uint64_t)rand() % 100, 100); /* workers spread over the tenth */
    link_init(&room->link);
    list_append(&w->rooms, &room->link);
    return room;
}

static struct room *find_any(struct waitroom *w, const char *sale)
{
    for (struct link *l = w->rooms.next; l != &w->rooms; l = l->next) {
        struct room *room = LINK_OWNER(l, struct room, link);
        if (strcmp(room->sale, sale) == 0)
            return room;
    }
    return NULL;
}

struct room *room_find(struct waitroom *w, const char *sale)
{
    struct room *room = find_any(w, sale);
    return room && !room->gone ? room : NULL;
}

static void free_shoppers(struct room *room)
{
    for (size_t i = 0; i < room->by_place.slot_count; i++) {
        while (room->by_place.slots[i])
            shopper_free(LINK_OWNER(room->by_place.slots[i], struct shopper, by_place));
    }
}

static void forget_away(struct room *room)
{
    for (struct link *l; (l = list_first(&room->away)) != NULL;)
        presence_back(room, LINK_OWNER(l, struct away, link)->by_place.key);
}

/* Another run: every ticket and token is worthless now, and the page joins anew. */
static void begin_run(struct room *room, int64_t run)
{
    bool first = room->run == 0;
    free_shoppers(room);
    forget_away(room);
    room->run = run;
    room->gen = 0;
    room->say_count = room->says_sent = room->handed_sent = 0;
    room->numbers_left = 0;
    line_free(&room->line);
    line_init(&room->line, &room_line_events, room);
    room->table_known = false;
    presence_table_skip(&room->table, 0);
    room->clock_ms = 0;
    if (first)
        return;
    for (struct link *l = room->sessions.next, *next; l != &room->sessions; l = next) {
        next = l->next;
        struct session *s = LINK_OWNER(l, struct session, link);
        if (s->state == SESSION_OPEN)
            session_refuse(s, WR_ERR_TICKET_INVALID, "This sale has begun anew: join again.");
    }
}

static void look_at_closed(struct room *room, bool closed)
{
    if (closed == room->closed)
        return;
    room->closed = closed;
    wr_info(closed ? "line closed" : "line open", "sale=%s gen=%lld", room->sale, (long long)room->gen);
    if (!closed) {
        if (room->closed_told)
            tell_everybody(room, TELL_SALE, true);
        room->closed_told = false;
        join_try(room);
        return;
    }
    room->full = true;
    room->in_step = false;
    room->closed_ms = room_now(room);
}

void room_tell_closed(struct room *room)
{
    if (!room->closed || room->closed_told || room_now(room) - room->closed_ms < CLOSED_TOLD_MS)
        return;
    room->closed_told = true;
    tell_everybody(room, TELL_CLOSED, true);
}

void room_on_sale(void *ctx, const struct wr_sale *sale)
{
    struct waitroom *w = ctx;
    struct room *room = find_any(w, sale->id);
    if (!room)
        room = room_new(w, sale->id);
    bool urgent = room->phase != sale->phase || room->mode != sale->mode ||
                  (room->told_left == 0) != (sale->left == 0) ||
                  strcmp(room->told_message, sale->message) != 0;
    room->gone = false;
    if (room->run != sale->run)
        begin_run(room, sale->run);
    if (room->gen != sale->gen) {
        room->gen = sale->gen;
        presence_table_skip(&room->table, (uint64_t)sale->counter);
        tick_resync(room);
    }
    room->phase = sale->phase;
    room->mode = sale->mode;
    room->told_left = sale->left;
    wr_copy_text(room->told_message, sizeof room->told_message, sale->message, strlen(sale->message));
    wr_buf_clear(&room->document);
    look_at_closed(room, sale->closed);
    if (!sale->closed)
        tell_everybody(room, TELL_SALE, urgent);
}

void room_on_sale_gone(void *ctx, const char *sale)
{
    struct room *room = room_find(ctx, sale);
    if (!room)
        return;
    room->gone = room->closed = room->full = true;
    free_shoppers(room);
    for (struct link *l = room->sessions.next, *next; l != &room->sessions; l = next) {
        next = l->next;
        struct session *s = LINK_OWNER(l, struct session, link);
        wr_metrics_refusal(WR_ERR_UNKNOWN_SALE);
        s->error = WR_ERR_UNKNOWN_SALE;
        s->detail = NULL;
        session_end(s, TELL_ERROR, 1008);
    }
    joiners_refuse(room, WR_ERR_UNKNOWN_SALE);
}

void room_free(struct room *room)
{
    joiners_refuse(room, WR_ERR_DRAINING);
    free_shoppers(room);
    polls_turn(room);
    forget_away(room);
    wr_timer_free(room->tick_timer);
    link_out(&room->link);
    line_free(&room->line);
    index_free(&room->by_place);
    index_free(&room->by_shopper);
    index_free(&room->away_by_place);
    wr_buf_free(&room->sale_message);
    wr_buf_free(&room->document);
    free(room->says);
    room->freed = true;
    if (!room->join_deferred)
        free(room);
}
