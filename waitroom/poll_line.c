/* poll_line.c - the line without a WebSocket: the same ticket, the same messages, at the intervals the server
 * sets.
 *
 *   POST: no ticket: join, answered when there is a number    with a ticket: comes back, and says `entered`,
 * `leave`, `here` GET, Authorization: Ticket ...: a poll is `here`; the one after that which brought the
 * token says that it is kept
 *
 * A poller stands in the line until the next poll is due and a while longer. */
#include "json.h"
#include "messages.h"
#include "meters.h"
#include "open_session.h"
#include "room.h"
#include "routes.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRACE_MS = 15000, NUMBER_WAIT_MS = 5000 };
struct join_op {
    struct joiner joiner;
    struct wr_timer *deadline;
    struct wr_request *req;
    struct room *room;
};
static void on_poller_number(struct joiner *joiner, enum wr_err err, uint64_t place);
static void on_number_late(void *ctx);

static double next_poll_s(const struct shopper *p)
{
    enum seat_state state = p->seat.state;
    if (state == SEAT_ASKED || state == SEAT_READY || state == SEAT_GIVEN)
        return 1.5; /* ready lasts five seconds */
    return state == SEAT_UNCALLED ? fmax(1.5, p->next_s) : 5;
}

static void keep_polling(struct shopper *p, double next_s)
{
    struct room *room = p->room;
    p->gone_ms = room_now(room) + (uint64_t)(next_s * 1000) + GRACE_MS;
    if (link_alone(&p->poller))
        room->w->pollers++;
    list_append(&room->pollers, &p->poller);
}

static void answer_state(struct wr_request *req, struct shopper *p)
{
    struct room *room = p->room;
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    struct wr_json *messages = wr_json_build("[]");
    if (sale)
        wr_json_append(messages, message_sale(sale));
    if (room->closed)
        wr_json_append(messages,
                       message_error(WR_ERR_CLOSED, "The line is closed for a moment; your place is safe."));
    wr_json_append(messages, message_ticket(room->w, p));
    position_update(p);
    if (p->present)
        wr_json_append(messages, message_position(p));
    if (p->seat.state == SEAT_QUIET && p->seat.let_fall)
        wr_json_append(messages, message_called(true));
    if (p->admission && sale) {
        admission_sign(p);
        wr_json_append(messages, message_admitted(p, sale->checkout_url));
        p->poll_told_token = true;
    }
    for (size_t i = 0; i < p->order_count; i++) {
        struct wr_json *order;
        if (wr_json_parse(&order, p->orders[i].text, strlen(p->orders[i].text), NULL) == WR_OK)
            wr_json_append(messages, order);
    }
    if (p->told_spent)
        wr_json_append(messages, message_plain("spent"));
    if (p->refused)
        wr_json_append(messages, message_error(p->refused, NULL));
    double next_s = next_poll_s(p);
    if (!p->session)
        keep_polling(p, next_s);
    wr_answer_json(req, 200, wr_json_build("{s:o, s:f}", "messages", messages, "next_s", next_s));
}

static void heard(struct shopper *p, bool again)
{
    if (p->poll_told_token)
        admission_entered(p);
    if (line_here(&p->room->line, &p->seat, again, room_now(p->room)))
        wr_metric_add(METRIC_ANSWERS, 1);
}

/* The shopper and the room of a request, or NULL after the problem was answered. */
static struct room *requested_room(struct waitroom *w, struct wr_request *req,
                                   char shopper[WR_SHOPPER_LEN + 1])
{
    struct room *room = room_find(w, wr_request_param(req, "sale"));
    if (!room)
        wr_answer_problem(req, wr_sales_missing(w->sales), NULL, !wr_sales_fresh(w->sales));
    else if (!session_shopper(wr_runtime_http(w->rt), req, shopper))
        wr_answer_problem(req, WR_ERR_UNAUTHENTICATED, "Open a session first: POST /v1/session.", 0);
    else if (w->draining)
        wr_answer_problem(req, WR_ERR_DRAINING, NULL, 1);
    else
        return room;
    return NULL;
}

static struct shopper *resume_poller(struct room *room, struct wr_request *req, const char *text,
                                     const char *shopper, const char *was)
{
    struct wr_ticket ticket;
    if (check_ticket(room, text, shopper, &ticket)) {
        wr_answer_problem(req, WR_ERR_TICKET_INVALID, NULL, 0);
        return NULL;
    }
    struct shopper *p = room_shopper_at(room, ticket.place);
    if (p) /* a seat that is over stays as it is: polls do not ask Redis again and again */
        return p;
    if (room->w->pollers >= POLLERS_MAX) {
        wr_answer_problem(req, WR_ERR_BUSY, NULL, 5);
        return NULL;
    }
    return resume_place(room, &ticket, was);
}

void poll_line(void *ctx, struct wr_request *req)
{
    const char *authorization = wr_request_header(req, WR_HEADER_AUTHORIZATION);
    char shopper[WR_SHOPPER_LEN + 1];
    struct room *room = requested_room(ctx, req, shopper);
    if (!room)
        return;
    if (!authorization || strncmp(authorization, "Ticket ", 7) != 0) {
        wr_answer_problem(req, WR_ERR_UNAUTHENTICATED, "Send the ticket as Authorization: Ticket ...", 0);
        return;
    }
    struct shopper *p = resume_poller(room, req, authorization + 7, shopper, "");
    if (!p)
        return;
    heard(p, wr_request_query(req, "again") != NULL);
    answer_state(req, p);
}

struct ask {
    char ticket[WR_TICKET_MAX], was[17], say[8];
    bool again;
};
static const struct wr_json_field ask_fields[] = {
    WR_FIELD_TEXT(struct ask, ticket, "ticket", false),
    WR_FIELD_TEXT(struct ask, was, "was", false),
    WR_FIELD_TEXT(struct ask, say, "say", false),
    WR_FIELD_BOOL(struct ask, again, "again", false),
    {0},
};

static void leave(struct wr_request *req, struct shopper *p)
{
    if (p->admission)
        room_say(p->room, SAY_LEFT, p);
    wr_metric_add(METRIC_LEFT, 1);
    if (p->session)
        session_end(p->session, TELL_SUPERSEDED, 4001);
    shopper_free(p);
    wr_answer_json(req, 200, wr_json_build("{s:[], s:i}", "messages", "next_s", 0));
}

static void begin_join(struct room *room, struct wr_request *req, const char *shopper)
{
    struct shopper *p = room_shopper_of(room, shopper);
    if (p && p->seat.state != SEAT_OVER) {
        answer_state(req, p);
    } else if (room->phase < WR_PHASE_LIVE || room->phase == WR_PHASE_ENDED || room->closed) {
        wr_answer_problem(req,
                          room->closed                    ? WR_ERR_CLOSED
                          : room->phase == WR_PHASE_ENDED ? WR_ERR_ENDED
                                                          : WR_ERR_NOT_OPEN,
                          NULL, 1);
    } else {
        struct join_op *op = wr_alloc(sizeof *op);
        op->req = req;
        op->room = room;
        op->joiner.done = on_poller_number;
        op->deadline = wr_timer_new(room->w->loop, on_number_late, op);
        wr_timer_start(op->deadline, NUMBER_WAIT_MS, 0);
        memcpy(op->joiner.shopper, shopper, sizeof op->joiner.shopper);
        join_line(room, &op->joiner);
    }
}

static void on_poller_number(struct joiner *joiner, enum wr_err err, uint64_t place)
{
    struct join_op *op = LINK_OWNER(joiner, struct join_op, joiner);
    if (err)
        wr_answer_problem(op->req, err, NULL, 2);
    else
        answer_state(op->req, take_place(op->room, joiner->shopper, place));
    wr_timer_free(op->deadline);
    free(op);
}

/* No number under the ceiling, or the line has closed: nothing was taken, and it may ask again. */
static void on_number_late(void *ctx)
{
    struct join_op *op = ctx;
    joiner_leave(op->room, &op->joiner);
    on_poller_number(&op->joiner, WR_ERR_BUSY, 0);
}

void join_by_http(void *ctx, struct wr_request *req)
{
    struct ask ask = {.again = false};
    char shopper[WR_SHOPPER_LEN + 1], why[160];
    size_t len = 0;
    struct room *room = requested_room(ctx, req, shopper);
    if (!room)
        return;
    wr_request_body(req, &len);
    if (len) {
        struct wr_json *body = wr_request_json(req);
        if (!body)
            return;
        enum wr_err err = wr_json_decode(body, ask_fields, &ask, why);
        wr_json_free(body);
        if (err) {
            wr_answer_problem(req, err, why, 0);
            return;
        }
    }
    if (!ask.ticket[0]) {
        begin_join(room, req, shopper);
        return;
    }
    struct shopper *p = resume_poller(room, req, ask.ticket, shopper, ask.was);
    if (!p)
        return;
    if (strcmp(ask.say, "leave") == 0) {
        leave(req, p);
        return;
    }
    if (strcmp(ask.say, "entered") == 0)
        admission_entered(p);
    heard(p, ask.again);
    answer_state(req, p);
}

/* Once a second: who has not polled for a while has gone. */
void pollers_sweep(struct room *room)
{
    uint64_t now = room_now(room);
    for (struct link *l = room->pollers.next, *next; l != &room->pollers; l = next) {
        struct shopper *p = LINK_OWNER(l, struct shopper, poller);
        next = l->next;
        if (p->gone_ms <= now)
            shopper_away(p);
    }
}
