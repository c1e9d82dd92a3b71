/* poll_line.c - the line without a WebSocket: the same ticket, the same messages, at the intervals the server sets.
 *
 *   POST: no ticket: join, answered when there is a number    with a ticket: comes back, and says `entered`, `leave`, `here`
 *   GET, Authorization: Ticket ...: a poll is `here`
 *
 *   with a ticket: its place --known here--> kept? entered --> the state
 *                       \--not yet: a tick, and the orders of who was spent --^
 *
 * Each may come to another worker, so nothing is built on the last one: what Redis knows of the place is found out first, and
 * a page that has its token says so each time (`kept`). A poller stands in the line until the next poll is due and a while
 * longer. */
#include "poll_line.h"
#include "browser.h"
#include "grant_admissions.h"
#include "join_line.h"
#include "json.h"
#include "messages.h"
#include "room.h"
#include "routes.h"
#include "waitroom_metrics.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    GRACE_MS = 15000,
    NUMBER_WAIT_MS = 5000,
    KNOWN_WAIT_MS = 1000, /* a worker without the sale hands in its list first: three ticks */
};
struct ask { /* what a request with a ticket says */
    char ticket[WR_TICKET_MAX], was[VISIT_MAX], say[8], kept[WR_JTI_MAX];
    bool again;
};
struct poll { /* is to be answered */
    struct link link; /* room->polls */
    struct wr_request *req;
    struct room *room;
    uint64_t place, ticks, until_ms; /* ticks: sent before it came */
    char kept[WR_JTI_MAX];
    bool entered;
};
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

/* Whether one more would be too many; answers so. */
static bool too_many_pollers(const struct waitroom *w, struct wr_request *req)
{
    if (w->pollers < (size_t)w->config->pollers_max)
        return false;
    wr_answer_problem(req, WR_ERR_BUSY, NULL, 5);
    return true;
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
    shopper_estimate(p);
    wr_json_append(messages, message_ticket(room->w, p));
    if (seat_waits(&p->seat))
        wr_json_append(messages, message_position(p));
    if (p->seat.state == SEAT_QUIET && p->seat.let_fall)
        wr_json_append(messages, message_called(true));
    if (p->admission && sale) {
        admission_sign(p);
        wr_json_append(messages, message_admitted(p, sale->checkout_url));
    }
    for (size_t i = 0; i < p->order_count; i++) {
        struct wr_json *order;
        if (wr_json_parse(&order, p->orders[i].text, strlen(p->orders[i].text), NULL) == WR_OK)
            wr_json_append(messages, order);
    }
    if (p->told_spent)
        wr_json_append(messages, message_spent());
    if (p->refused)
        wr_json_append(messages, message_error(p->refused, NULL));
    if (room->closed)
        wr_json_append(messages, message_closed(true));
    double next_s = next_poll_s(p);
    if (!p->session)
        keep_polling(p, next_s);
    wr_answer_json(req, 200, wr_json_build("{s:o, s:f}", "messages", messages, "next_s", next_s));
}

/* ---- with a ticket ---- */
static bool is_known(const struct poll *poll, const struct shopper *p)
{
    if (room_is_closed(poll->room))
        return true;
    if (p->seat.state == SEAT_READY)
        return poll->room->ticks_known > poll->ticks;
    return !p->spent || p->told_spent;
}

static void answer_poll(const struct poll *poll, struct shopper *p)
{
    if (poll->entered || (p->admission && strcmp(p->admission->jti, poll->kept) == 0))
        admission_entered(p);
    answer_state(poll->req, p);
}

static void begin_poll(struct wr_request *req, struct shopper *p, const struct ask *ask)
{
    struct room *room = p->room;
    if (line_here(&room->line, &p->seat, ask->again, room_now(room)))
        wr_metric_add(METRIC_ANSWERS, 1);
    bool unsaid = p->seat.state == SEAT_READY && !p->seat.exposed;
    struct poll poll = {.req = req,
                        .room = room,
                        .place = p->ticket.place,
                        .ticks = unsaid ? room->ticks : 0,
                        .until_ms = room_now(room) + KNOWN_WAIT_MS,
                        .entered = strcmp(ask->say, "entered") == 0};
    memcpy(poll.kept, ask->kept, sizeof poll.kept);
    if (is_known(&poll, p)) {
        answer_poll(&poll, p);
        return;
    }
    if (!p->session)
        keep_polling(p, next_poll_s(p));
    struct poll *later = wr_alloc(sizeof *later);
    *later = poll;
    link_init(&later->link);
    list_append(&room->polls, &later->link);
}

void polls_turn(struct room *room)
{
    for (struct link *l = room->polls.next, *next; l != &room->polls; l = next) {
        struct poll *poll = LINK_OWNER(l, struct poll, link);
        struct shopper *p = room_shopper_at(room, poll->place);
        next = l->next;
        if (p && !is_known(poll, p) && room_now(room) < poll->until_ms)
            continue;
        link_out(l);
        if (p)
            answer_poll(poll, p);
        else /* another connection has its place */
            wr_answer_problem(poll->req, room->w->draining ? WR_ERR_DRAINING : WR_ERR_BUSY, NULL, 0);
        free(poll);
    }
}

/* The shopper and the room of a request, or NULL after the problem was answered. */
static struct room *requested_room(struct waitroom *w, struct wr_request *req,
                                   char shopper[WR_SHOPPER_LEN + 1])
{
    struct room *room = room_find(w, wr_request_param(req, "sale"));
    if (!room)
        wr_answer_problem(req, wr_sales_missing(w->sales), NULL, 0);
    else if (!wr_browser_shopper(wr_runtime_http(w->rt), req, shopper))
        wr_answer_problem(req, WR_ERR_UNAUTHENTICATED, "Open a session first: POST /v1/session.", 0);
    else if (w->draining)
        wr_answer_problem(req, WR_ERR_DRAINING, NULL, 0);
    else
        return room;
    return NULL;
}

static struct shopper *resume_poller(struct room *room, struct wr_request *req, const char *shopper,
                                     const struct ask *ask)
{
    struct wr_ticket ticket;
    if (check_ticket(room, ask->ticket, shopper, &ticket)) {
        wr_answer_problem(req, WR_ERR_TICKET_INVALID, NULL, 0);
        return NULL;
    }
    struct shopper *p = room_shopper_at(room, ticket.place);
    bool elsewhere = was_elsewhere(room->w, ask->was);
    bool anew = p && p->refused && !ask->say[0]; /* it joins, and a block may have been lifted since */
    if (p && !elsewhere && !anew)
        return p; /* a seat that is over stays as it is: polls do not ask Redis again and again */
    if (p && !p->session) {
        shopper_free(p); /* what is known here is of an earlier visit */
        p = NULL;
    }
    return !p && too_many_pollers(room->w, req) ? NULL : resume_place(room, &ticket, ask->was, NULL);
}

static void query_text(const struct wr_request *req, const char *name, char *out, size_t cap)
{
    const char *text = wr_request_query(req, name);
    wr_copy_text(out, cap, text ? text : "", text ? strlen(text) : 0);
}

void poll_line(void *ctx, struct wr_request *req)
{
    struct ask ask = {.say = "here", .again = wr_request_query(req, "again") != NULL};
    const char *ticket = wr_request_credential(req, "Ticket");
    char shopper[WR_SHOPPER_LEN + 1];
    struct room *room = requested_room(ctx, req, shopper);
    if (!room)
        return;
    if (!ticket) {
        wr_answer_problem(req, WR_ERR_UNAUTHENTICATED, "Send the ticket as Authorization: Ticket ...", 0);
        return;
    }
    wr_copy_text(ask.ticket, sizeof ask.ticket, ticket, strlen(ticket));
    query_text(req, "was", ask.was, sizeof ask.was);
    query_text(req, "kept", ask.kept, sizeof ask.kept);
    struct shopper *p = resume_poller(room, req, shopper, &ask);
    if (p)
        begin_poll(req, p, &ask);
}

static const struct wr_json_field ask_fields[] = {
    WR_FIELD_TEXT(struct ask, ticket, "ticket", false),
    WR_FIELD_TEXT(struct ask, was, "was", false),
    WR_FIELD_TEXT(struct ask, say, "say", false),
    WR_FIELD_TEXT(struct ask, kept, "kept", false),
    WR_FIELD_BOOL(struct ask, again, "again", false),
    {0},
};

static void begin_join(struct room *room, struct wr_request *req, const char *shopper)
{
    struct shopper *p = room_shopper_of(room, shopper);
    enum wr_err err = room->closed ? WR_ERR_CLOSED : join_door(room);
    if (p && p->seat.state != SEAT_OVER) {
        answer_state(req, p);
    } else if (err) {
        wr_answer_problem(req, err, NULL, 0);
    } else if (!too_many_pollers(room->w, req)) {
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
        wr_answer_problem(op->req, err, NULL, err == WR_ERR_NOT_ADMITTING ? 10 : 2);
    else
        answer_state(op->req, take_place(op->room, joiner->shopper, place, NULL));
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

static enum wr_err check_ask(const struct ask *ask, char why[160])
{
    static const char *const words[] = {"", "here", "entered", "leave"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(ask->say, words[i]) == 0)
            return WR_OK;
    strcpy(why, "say: here, entered or leave");
    return WR_ERR_INVALID;
}

static void leave(struct wr_request *req, struct shopper *p, const char *kept)
{
    if (!p->admission && kept[0] && !room_is_closed(p->room)) /* another worker knows it; a closed line would pile these up */
        room_say(p->room, SAY_LEFT, p->ticket.place, kept);
    shopper_leave(p, NULL);
    wr_answer_json(req, 200, wr_json_build("{s:[], s:i}", "messages", "next_s", 0));
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
        if (!err)
            err = check_ask(&ask, why);
        if (err) {
            wr_answer_problem(req, err, why, 0);
            return;
        }
    }
    if (!ask.ticket[0]) {
        begin_join(room, req, shopper);
        return;
    }
    struct shopper *p = resume_poller(room, req, shopper, &ask);
    if (p && strcmp(ask.say, "leave") == 0)
        leave(req, p, ask.kept);
    else if (p)
        begin_poll(req, p, &ask);
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
