/* tell_shopper.c
 *
 *   session_tell --> flush: what is due, in order, made from the state now --the socket is full--> on_writable --> flush
 *   tell_everybody --> slices of TELL_SLICE sessions a turn, so that a push to 100,000 never holds the loop;
 *                      what can wait (units left) waits for pace_everybody_ms()
 *   wheel --a shopper's turn--> position and sale, when they changed; near the front every second, far back every 15 s
 *
 * Sockets have no queue: a message that could not go out now goes out later with what is true later. */
#include "tell_shopper.h"
#include "clock.h"
#include "grant_admissions.h"
#include "join_line.h"
#include "log.h"
#include "messages.h"
#include "pace.h"
#include "room.h"
#include "waitroom_metrics.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_AFTER_MS = 1000 }; /* whoever goes makes room that is taken at once: a moment says nothing */

static const char *const state_names[] = {"open", "joining", "in line", "closing"};

void session_set_state(struct session *s, enum session_state state)
{
    wr_debug("session", "from=\"%s\" to=\"%s\"", state_names[s->state], state_names[state]);
    if (s->state == SESSION_JOINING && state != SESSION_JOINING)
        joiner_leave(s->room, &s->joiner); /* whatever ended it: the joiner lives in the session */
    s->state = state;
}

/* ---- one session ---- */
static enum wr_err send_text(struct session *s, enum metric counted, const char *text, size_t len)
{
    enum wr_err err = wr_socket_send(s->socket, text, len);
    wr_metric_add(counted, err == WR_OK);
    return err;
}

static enum wr_err send_json_as(struct session *s, enum metric counted, struct wr_json *owned)
{
    static struct wr_buf text; /* reused: the loop has one thread */
    wr_buf_clear(&text);
    wr_json_render(owned, &text);
    wr_json_free(owned);
    return send_text(s, counted, text.at, text.len);
}

static enum wr_err send_json(struct session *s, struct wr_json *owned)
{
    return send_json_as(s, METRIC_PUSH_OTHER, owned);
}

static enum wr_err send_orders(struct session *s)
{
    struct shopper *p = s->shopper;
    for (size_t i = 0; p && i < p->order_count; i++) {
        struct order *order = &p->orders[i];
        if (order->told)
            continue;
        enum wr_err err = send_text(s, METRIC_PUSH_ORDER, order->text, strlen(order->text));
        if (err)
            return err;
        order->told = true;
    }
    return WR_OK;
}

static enum wr_err send_closed(struct session *s)
{
    enum wr_err err = send_json(s, message_closed(s->shopper != NULL));
    if (!err && s->state == SESSION_JOINING && !s->closed_counted) {
        wr_metrics_refusal(WR_ERR_CLOSED); /* to those in line it is news, to who joins the answer */
        s->closed_counted = true;          /* but everybody may be in the middle of being told */
    }
    return err;
}

/* Whose turn it is comes back at once: a token that is not taken up in time falls. They are few. */
static int reconnect_within_s(const struct session *s)
{
    enum seat_state state = s->shopper ? s->shopper->seat.state : SEAT_OVER;
    return state == SEAT_READY || state == SEAT_GIVEN ? 1 : tell_reconnect_within_s(s->room->w);
}

static const struct wr_buf *sale_message(struct room *room)
{
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    uint64_t now = room_now(room);
    if (!sale)
        return NULL;
    if (!room->sale_message.len || now - room->sale_message_ms >= 50) {
        struct wr_json *message = message_sale(sale);
        wr_buf_clear(&room->sale_message);
        wr_json_render(message, &room->sale_message);
        wr_json_free(message);
        room->sale_message_ms = now;
    }
    return &room->sale_message;
}

static enum wr_err send_one(struct session *s, enum tell what)
{
    struct shopper *p = s->shopper;
    const struct wr_sale *sale;
    switch (what) {
    case TELL_SALE: {
        const struct wr_buf *text = sale_message(s->room);
        enum wr_err err = text ? send_text(s, METRIC_PUSH_SALE, text->at, text->len) : WR_OK;
        if (!err)
            s->sale_told = s->room->sale_news;
        return err;
    }
    case TELL_TICKET:
        return p ? send_json(s, message_ticket(s->room->w, p)) : WR_OK;
    case TELL_ERROR:
        return send_json(s, message_error(s->error, s->detail));
    case TELL_CALLED:
        return p ? send_json(s, message_called(p->seat.state == SEAT_QUIET && p->seat.let_fall)) : WR_OK;
    case TELL_ADMITTED:
        sale = wr_sales_find(s->room->w->sales, s->room->sale);
        if (!p || !p->admission || !sale)
            return WR_OK;
        admission_sign(p);
        return send_json(s, message_admitted(p, sale->checkout_url));
    case TELL_ORDERS:
        return send_orders(s);
    case TELL_SPENT:
        return send_json(s, message_spent());
    case TELL_POSITION:
        return p ? send_json_as(s, METRIC_PUSH_POSITION, message_position(p)) : WR_OK;
    case TELL_CLOSED:
        return s->room->closed_told ? send_closed(s) : WR_OK;
    case TELL_SUPERSEDED:
        return send_json(s, message_plain("superseded"));
    case TELL_RECONNECT:
        return send_json(s, message_reconnect(reconnect_within_s(s)));
    }
    return WR_OK;
}

static void flush(struct session *s)
{
    while (s->tell) {
        unsigned what = s->tell & -s->tell;
        s->tell &= ~what; /* before it is made: sending may find something new to tell */
        if (send_one(s, what) != WR_OK) {
            s->tell |= what;
            return;
        }
    }
    if (s->close_code) {
        wr_socket_close(s->socket, s->close_code, "");
        s->close_code = 0;
    }
}

void session_tell(struct session *s, unsigned tell)
{
    if (s->state == SESSION_CLOSING)
        return;
    s->tell |= tell;
    flush(s);
}

void on_line_writable(void *ctx, struct wr_socket *socket, void *session)
{
    (void)ctx;
    (void)socket;
    flush(session);
}

/* Either changes nothing when it is told again. */
void on_line_quiet(void *ctx, struct wr_socket *socket, void *session)
{
    struct session *s = session;
    (void)ctx;
    (void)socket;
    session_tell(s, s->room->closed_told ? TELL_CLOSED : TELL_SALE);
}

void session_refuse(struct session *s, enum wr_err err, const char *detail)
{
    wr_metrics_refusal(err);
    s->error = err;
    s->detail = detail;
    session_tell(s, TELL_ERROR);
}

void session_end(struct session *s, unsigned last, int close_code)
{
    if (s->state == SESSION_CLOSING)
        return;
    session_set_state(s, SESSION_CLOSING);
    s->tell = last;
    s->close_code = close_code;
    flush(s);
}

void session_supersede(struct session *s)
{
    if (s->shopper)
        s->shopper->session = NULL;
    s->shopper = NULL;
    wr_metric_add(METRIC_SUPERSEDED, 1);
    session_end(s, TELL_SUPERSEDED, 4001);
}

/* ---- everybody on a sale ---- */
static void begin_lap(struct room *room)
{
    room->broadcast |= room->broadcast_next;
    room->broadcast_next = 0;
    room->broadcast_ms = room_now(room);
    lap_begin(&room->lap, &room->sessions);
}

/* at_once: what matters now begins a new lap, even in the middle of one. */
void tell_everybody(struct room *room, unsigned tell, bool at_once)
{
    wr_buf_clear(&room->sale_message);
    room->sale_news += (tell & TELL_SALE) != 0;
    room->broadcast_next |= tell;
    if (at_once)
        begin_lap(room);
}

/* Whoever was told the sale as it is now, with a position, is not told again. */
static unsigned news_for(const struct session *s, unsigned tell)
{
    return s->sale_told == s->room->sale_news ? tell & ~(unsigned)TELL_SALE : tell;
}

/* Another worker has its place from now on: nothing is granted here that this socket would not be told. */
static void send_away(struct session *s)
{
    session_end(s, TELL_RECONNECT, 1012);
    if (s->shopper)
        shopper_away(s->shopper);
}

static void broadcast_slice(struct room *room, size_t *budget)
{
    if (!lap_is_under_way(&room->lap) && room->broadcast_next &&
        room_now(room) - room->broadcast_ms >= pace_everybody_ms(room->w->sockets))
        begin_lap(room);
    while (lap_is_under_way(&room->lap) && *budget) {
        struct link *l = lap_next(&room->lap, &room->sessions);
        if (!l) {
            room->broadcast = 0;
            break;
        }
        struct session *s = LINK_OWNER(l, struct session, link);
        if (room->broadcast & TELL_RECONNECT)
            send_away(s);
        else
            session_tell(s, news_for(s, room->broadcast));
        --*budget;
    }
}

int tell_reconnect_within_s(const struct waitroom *w)
{
    return 1 + (int)(w->sockets / 2000); /* those of one worker come back at 2,000 a second */
}

/* ---- positions ---- */
static double push_after_s(const struct shopper *p, bool estimated)
{
    double wait = estimated ? (double)(p->eta.low_s + p->eta.high_s) / 2 : 300;
    if (p->seat.state == SEAT_QUIET)
        wait = INFINITY; /* nobody looks, as far as we know: whoever does says so, and is told at once */
    return pace_position_s(wait, p->ahead) * (0.7 + 0.3 * (double)rand() / RAND_MAX);
}

static double people_ahead(const struct room *room, const struct wr_sale *sale, uint64_t place)
{
    uint64_t from = sale ? (uint64_t)sale->front + 1 : place;
    return presence_ahead_of_newcomer(room->table_known ? &room->table : NULL, from, place);
}

/* Then no rate says when the next one is let in. */
static enum line_limit limit_told(const struct room *room, const struct wr_sale *sale)
{
    if (sale->mode == WR_MODE_QUEUE && !sale->rate_per_minute)
        return LIMIT_STOPPED;
    return room_now(room) - room->limit_ms >= LIMIT_AFTER_MS ? room->limit : LIMIT_NONE;
}

void position_update(struct shopper *p)
{
    struct room *room = p->room;
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    double ahead = people_ahead(room, sale, p->ticket.place);
    bool giving = sale && sale->phase == WR_PHASE_LIVE &&
                  (sale->mode == WR_MODE_QUEUE || sale->mode == WR_MODE_PASSTHROUGH);
    bool estimated = giving && sale->mode == WR_MODE_QUEUE &&
                     estimate_wait(ahead, room->yield, sale->rate_per_minute, &p->eta);
    p->limit = giving ? limit_told(room, sale) : LIMIT_NONE;
    p->eta_known = estimated && p->limit == LIMIT_NONE;
    if (p->ahead < 0 || (int64_t)ahead < p->ahead)
        p->ahead = (int64_t)ahead; /* the number shown never rises; the estimate uses the true one */
    p->next_s = ceil(push_after_s(p, estimated) * 4) / 4; /* near the front soon, also when nobody can say when */
}

void tell_position_soon(struct shopper *p, uint64_t within_ms)
{
    uint64_t slot = (room_now(p->room) + within_ms) / PUSH_SLOT_MS + 1;
    list_append(&p->room->wheel[slot % PUSH_SLOTS], &p->push);
}

static void push_position(struct shopper *p)
{
    int64_t ahead = p->ahead;
    struct estimate eta = p->eta;
    bool known = p->eta_known;
    enum line_limit limit = p->limit;
    if (!p->session || !seat_waits(&p->seat))
        return;
    position_update(p);
    bool other = p->eta.low_s != eta.low_s || p->eta.high_s != eta.high_s;
    bool news = p->ahead != ahead || p->eta_known != known || p->limit != limit || (known && other);
    if (!p->room->closed) /* told now it would say that the line goes on */
        session_tell(p->session, news_for(p->session, TELL_SALE | (news ? TELL_POSITION : 0)));
    tell_position_soon(p, (uint64_t)(p->next_s * 1000));
}

static void turn_wheel(struct room *room, size_t *budget)
{
    uint64_t slot = room_now(room) / PUSH_SLOT_MS;
    for (; room->wheel_ms < slot; room->wheel_ms++) {
        struct link *head = &room->wheel[room->wheel_ms % PUSH_SLOTS], *l;
        while ((l = list_first(head)) != NULL)
            list_append(&room->due, l);
    }
    for (struct link *l; *budget && (l = list_first(&room->due)) != NULL; --*budget) {
        link_out(l);
        push_position(LINK_OWNER(l, struct shopper, push));
    }
}

void tell_turn(void *ctx)
{
    struct waitroom *w = ctx;
    size_t budget = TELL_SLICE;
    for (struct link *l = w->rooms.next; l != &w->rooms; l = l->next) {
        struct room *room = LINK_OWNER(l, struct room, link);
        broadcast_slice(room, &budget);
        turn_wheel(room, &budget);
    }
}
