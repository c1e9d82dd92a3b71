/* hear_shopper.c - what comes in on a socket.
 *
 *   upgrade: sale, room for one more, who the cookie says --> open: `sale`
 *   message: strict JSON with a `type` --> join, here, entered, leave
 *   close: the seat leaves the line, and counts as away for a minute
 *
 * A message that is not understood is refused and counted; a socket that goes on like that, or floods, is closed. */
#include "browser.h"
#include "grant_admissions.h"
#include "join_line.h"
#include "json.h"
#include "room.h"
#include "waitroom_metrics.h"
#include <string.h>

enum { MESSAGES_A_SECOND = 30, BAD_MAX = 10 };

enum wr_err on_line_upgrade(void *ctx, struct wr_request *req, void *session)
{
    struct waitroom *w = ctx;
    struct session *s = session;
    struct room *room = room_find(w, wr_request_param(req, "sale"));
    if (!room)
        return wr_sales_missing(w->sales);
    if (w->draining)
        return WR_ERR_DRAINING;
    if (w->sockets >= (size_t)w->config->sockets_max)
        return WR_ERR_BUSY;
    s->room = room;
    wr_browser_shopper(wr_runtime_http(w->rt), req, s->who);
    return WR_OK;
}

void on_line_open(void *ctx, struct wr_socket *socket, void *session)
{
    struct waitroom *w = ctx;
    struct session *s = session;
    s->socket = socket;
    link_init(&s->link);
    link_init(&s->joiner.link);
    list_append(&s->room->sessions, &s->link);
    w->sockets++;
    session_tell(s, TELL_SALE | (s->room->closed_told ? TELL_CLOSED : 0));
}

void on_line_close(void *ctx, struct wr_socket *socket, void *session)
{
    struct waitroom *w = ctx;
    struct session *s = session;
    (void)socket;
    lap_leave(&s->room->lap, &s->link);
    link_out(&s->link);
    session_set_state(s, SESSION_CLOSING);
    struct shopper *p = s->shopper;
    if (p) {
        s->shopper = NULL;
        p->session = NULL;
        shopper_away(p);
    }
    w->sockets--;
}

/* ---- messages ---- */
struct heard {
    char type[16], ticket[WR_TICKET_MAX], secret[WR_SECRET_LEN + 1], was[VISIT_MAX];
    bool again;
};
static const struct wr_json_field heard_fields[] = {
    WR_FIELD_TEXT(struct heard, type, "type", true),
    WR_FIELD_TEXT(struct heard, ticket, "ticket", false),
    WR_FIELD_TEXT(struct heard, secret, "secret", false),
    WR_FIELD_TEXT(struct heard, was, "was", false),
    WR_FIELD_BOOL(struct heard, again, "again", false),
    {0},
};

static void on_join(struct session *s, const struct heard *m)
{
    if (s->state == SESSION_IN_LINE && s->shopper->seat.state != SEAT_OVER) {
        if (!m->ticket[0]) /* who would begin anew believes that the turn is over, and it is not: how it stands */
            shopper_attach(s->shopper, s);
        return;
    }
    if (s->state == SESSION_JOINING)
        return; /* said twice */
    char who[WR_SHOPPER_LEN + 1];
    if (m->secret[0] && !wr_shopper_of(m->secret, strlen(m->secret), who)) {
        session_refuse(s, WR_ERR_UNAUTHENTICATED, "This is not a secret of ours: open a session first.");
        return;
    }
    if (m->secret[0] && s->shopper && strcmp(who, s->who) != 0) {
        session_refuse(s, WR_ERR_UNAUTHENTICATED, "This connection is another browser's.");
        return;
    }
    if (m->secret[0])
        memcpy(s->who, who, sizeof who);
    if (!s->who[0]) {
        session_refuse(s, WR_ERR_UNAUTHENTICATED, NULL);
        return;
    }
    join_session(s, m->ticket, m->was);
}

static void on_here(struct session *s, const struct heard *m)
{
    if (s->shopper && line_here(&s->room->line, &s->shopper->seat, m->again, room_now(s->room)))
        wr_metric_add(METRIC_ANSWERS, 1);
}

static void on_entered(struct session *s, const struct heard *m)
{
    (void)m;
    if (s->shopper)
        admission_entered(s->shopper);
}

static void on_leave(struct session *s, const struct heard *m)
{
    (void)m;
    if (s->shopper)
        shopper_leave(s->shopper, s);
}

static const struct {
    const char *type;
    void (*hear)(struct session *s, const struct heard *m);
} kinds[] = {{"join", on_join}, {"here", on_here}, {"entered", on_entered}, {"leave", on_leave}};

static void refuse_message(struct session *s, enum wr_err err, const char *detail)
{
    wr_metric_add(METRIC_BAD_MESSAGES, 1);
    wr_metrics_refusal(err);
    s->error = err;
    s->detail = detail;
    if (++s->bad > BAD_MAX || err == WR_ERR_TOO_MANY)
        session_end(s, TELL_ERROR, 1008);
    else
        session_tell(s, TELL_ERROR);
}

/* Frames the server itself refuses: it closes the socket next. */
void on_line_refused(void *ctx, struct wr_socket *socket, void *session, enum wr_err err, const char *why)
{
    struct session *s = session;
    (void)ctx;
    (void)socket;
    wr_metric_add(METRIC_BAD_MESSAGES, 1);
    s->error = err;
    s->detail = why;
    session_tell(s, TELL_ERROR);
}

static bool floods(struct session *s)
{
    uint64_t second = room_now(s->room) / 1000;
    if (s->heard_second != second)
        s->heard = 0;
    s->heard_second = second;
    return ++s->heard > MESSAGES_A_SECOND;
}

void on_line_message(void *ctx, struct wr_socket *socket, void *session, const char *text, size_t len)
{
    struct session *s = session;
    struct wr_json *v;
    struct heard m = {.again = false};
    char why[160];
    (void)ctx;
    (void)socket;
    if (s->state == SESSION_CLOSING)
        return;
    if (floods(s)) {
        refuse_message(s, WR_ERR_TOO_MANY, "Answer what is asked; nothing else needs a message.");
        return;
    }
    enum wr_err err = wr_json_parse(&v, text, len, why);
    if (err) {
        refuse_message(s, err, "A message is one JSON object with a type.");
        return;
    }
    err = wr_json_decode(v, heard_fields, &m, why);
    wr_json_free(v);
    if (err) {
        refuse_message(s, err, "A field of this message has the wrong type or is too long.");
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(m.type, kinds[i].type) == 0) {
            kinds[i].hear(s, &m);
            return;
        }
    }
    refuse_message(s, WR_ERR_INVALID, "There is no message of this type.");
}
