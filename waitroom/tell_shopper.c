/* tell_shopper.c
 *
 *   session_tell --> flush: what is due, in order, made from the state now --the socket is full-->
 * on_writable --> flush tell_everybody --> slices of TELL_SLICE sessions a turn, so that a push to 100,000
 * never holds the loop; what can wait (units left) waits a second and a millisecond for every socket of this
 * worker wheel --a shopper's turn--> position, when it changed; near the front every second, far back every
 * 15 s
 *
 * Sockets have no queue: a message that could not go out now goes out later with what is true later. */
#include "clock.h"
#include "log.h"
#include "messages.h"
#include "meters.h"
#include "room.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {"open", "joining", "in line", "closing"};

void session_set_state(struct session *s, enum session_state state)
{
    wr_debug("session", "from=\"%s\" to=\"%s\"", state_names[s->state], state_names[state]);
    s->state = state;
}

/* ---- one session ---- */
static enum wr_err send_json(struct session *s, struct wr_json *owned)
{
    static struct wr_buf text; /* reused: the loop has one thread */
    wr_buf_clear(&text);
    wr_json_render(owned, &text);
    wr_json_free(owned);
    return wr_socket_send(s->socket, text.at, text.len);
}

static enum wr_err send_orders(struct session *s)
{
    struct shopper *p = s->shopper;
    for (size_t i = 0; p && i < p->order_count; i++) {
        struct order *order = &p->orders[i];
        if (order->told)
            continue;
        enum wr_err err = wr_socket_send(s->socket, order->text, strlen(order->text));
        if (err)
            return err;
        order->told = true;
        wr_metric_add(METRIC_PUSH_ORDER, 1);
    }
    return WR_OK;
}

static enum wr_err send_one(struct session *s, enum tell what)
{
    struct shopper *p = s->shopper;
    const struct wr_sale *sale;
    switch (what) {
    case TELL_SALE: {
        const struct wr_buf *text = tell_sale_message(s->room);
        return text ? wr_socket_send(s->socket, text->at, text->len) : WR_OK;
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
        return send_json(s, message_plain("spent"));
    case TELL_POSITION:
        return p ? send_json(s, message_position(p)) : WR_OK;
    case TELL_SUPERSEDED:
        return send_json(s, message_plain("superseded"));
    case TELL_RECONNECT:
        return send_json(s, message_reconnect(tell_reconnect_within_s(s->room->w)));
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
        wr_metric_add(what == TELL_POSITION ? METRIC_PUSH_POSITION
                      : what == TELL_SALE   ? METRIC_PUSH_SALE
                                            : METRIC_PUSH_OTHER,
                      what != TELL_ORDERS);
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

/* ---- everybody on a sale ---- */
const struct wr_buf *tell_sale_message(struct room *room)
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

static void begin_round(struct room *room, unsigned tell)
{
    room->broadcast = tell;
    room->broadcast_next = 0;
    room->broadcast_at = room->sessions.next;
    room->broadcast_ms = room_now(room);
}

/* at_once: what matters now starts a new round, even in the middle of one. */
void tell_everybody(struct room *room, unsigned tell, bool at_once)
{
    wr_buf_clear(&room->sale_message);
    if (at_once)
        begin_round(room, tell | room->broadcast | room->broadcast_next);
    else
        room->broadcast_next |= tell;
}

static void broadcast_slice(struct room *room, size_t *budget)
{
    if (!room->broadcast_at && room->broadcast_next &&
        room_now(room) - room->broadcast_ms >= 1000 + room->w->sockets)
        begin_round(room, room->broadcast_next);
    while (room->broadcast_at && *budget) {
        if (room->broadcast_at == &room->sessions) {
            room->broadcast_at = NULL;
            room->broadcast = 0;
            break;
        }
        struct session *s = LINK_OWNER(room->broadcast_at, struct session, link);
        room->broadcast_at = room->broadcast_at->next; /* before telling, which may end the session */
        if (room->broadcast & TELL_RECONNECT)
            session_end(s, TELL_RECONNECT, 1012);
        else
            session_tell(s, room->broadcast);
        --*budget;
    }
}

int tell_reconnect_within_s(const struct waitroom *w)
{
    return 1 + (int)(w->sockets / 2000); /* those of one worker come back at 2,000 a second */
}

/* ---- positions ---- */
/* How long until the next one: a twentieth of the wait, between one and fifteen seconds, jittered. */
static double push_after_s(const struct shopper *p)
{
    double wait = p->eta_known ? (double)(p->eta.low_s + p->eta.high_s) / 2 : 300;
    double after = fmin(15, fmax(1, wait / 20));
    return after * (0.7 + 0.3 * (double)rand() / RAND_MAX);
}

/* The table is a second or two old: those who joined since then stand behind its end, and count as present.
 * Told too low, the number could never be mended, because it never rises. */
static double people_ahead(const struct room *room, const struct wr_sale *sale, uint64_t place)
{
    uint64_t counted = sale ? (uint64_t)sale->front + 1 : place;
    double ahead = 0;
    if (room->table_known) {
        ahead = presence_ahead(&room->table, place);
        uint64_t end = room->table.blocks * room->table.width;
        counted = end > counted ? end : counted;
        counted = room->counter_seen[2] + 1 > counted ? room->counter_seen[2] + 1 : counted;
    }
    return place > counted ? ahead + (double)(place - counted) : ahead;
}

void position_update(struct shopper *p)
{
    struct room *room = p->room;
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    double ahead = people_ahead(room, sale, p->ticket.place);
    bool giving = sale && sale->phase == WR_PHASE_LIVE &&
                  (sale->mode == WR_MODE_QUEUE || sale->mode == WR_MODE_PASSTHROUGH);
    p->eta_known = giving && estimate_wait(ahead, room->yield, sale->rate_per_minute, &p->eta);
    if (p->ahead < 0 || (int64_t)ahead < p->ahead)
        p->ahead = (int64_t)ahead; /* the number shown never rises; the estimate uses the true one */
    p->next_s = ceil(push_after_s(p) * 4) / 4;
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
    if (!p->session || !p->present)
        return;
    position_update(p);
    if (p->ahead != ahead || p->eta_known != known || p->eta.low_s != eta.low_s ||
        p->eta.high_s != eta.high_s)
        session_tell(p->session, TELL_POSITION);
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
