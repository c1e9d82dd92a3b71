#include "shopper.h"
#include "count_presence.h"
#include "follow_orders.h"
#include "room.h"
#include "tell_shopper.h"
#include "waitroom_metrics.h"
#include <stdlib.h>
#include <string.h>

uint64_t shopper_hash(const char *shopper)
{
    uint64_t v = 0;
    wr_unhex(shopper, 16, &v);
    return v;
}

struct shopper *room_shopper_at(const struct room *room, uint64_t place)
{
    struct index_node *node = index_find(&room->by_place, place);
    return node ? LINK_OWNER(node, struct shopper, by_place) : NULL;
}

struct shopper *room_shopper_of(const struct room *room, const char *shopper)
{
    struct index_node *node = index_find(&room->by_shopper, shopper_hash(shopper));
    for (; node; node = index_find_next(node)) {
        struct shopper *p = LINK_OWNER(node, struct shopper, by_shopper);
        if (strcmp(p->ticket.shopper, shopper) == 0)
            return p;
    }
    return NULL;
}

struct shopper *shopper_new(struct room *room, const struct wr_ticket *ticket)
{
    struct shopper *p = wr_alloc(sizeof *p);
    p->room = room;
    p->ticket = *ticket;
    p->visit = ++room->w->visits;
    p->ahead = -1;
    link_init(&p->push);
    link_init(&p->poller);
    link_init(&p->follower);
    index_add(&room->by_place, &p->by_place, ticket->place);
    index_add(&room->by_shopper, &p->by_shopper, shopper_hash(ticket->shopper));
    presence_back(room, ticket->place);
    line_arrive(&room->line, &p->seat, ticket->place, room_now(room));
    return p;
}

void shopper_returns(struct shopper *p)
{
    p->visit = ++p->room->w->visits;
}

static void stop_polling(struct shopper *p)
{
    if (link_alone(&p->poller))
        return;
    link_out(&p->poller);
    p->room->w->pollers--;
}

void shopper_free(struct shopper *p)
{
    struct room *room = p->room;
    if (p->session) {
        p->session->shopper = NULL;
        if (p->session->state == SESSION_IN_LINE)
            session_set_state(p->session, SESSION_OPEN);
    }
    line_depart(&room->line, &p->seat);
    unfollow_orders(p);
    shopper_drop_admission(p);
    stop_polling(p);
    link_out(&p->push);
    index_remove(&room->by_place, &p->by_place);
    index_remove(&room->by_shopper, &p->by_shopper);
    for (size_t i = 0; i < p->order_count; i++)
        free(p->orders[i].text);
    free(p->orders);
    free(p);
}

void shopper_replace(struct shopper *p, const struct session *by)
{
    if (p->session && p->session != by)
        session_supersede(p->session);
    shopper_free(p);
}

void shopper_leave(struct shopper *p, const struct session *by)
{
    if (p->admission)
        room_say(p->room, SAY_LEFT, p->ticket.place, p->admission->jti);
    wr_metric_add(METRIC_LEFT, 1);
    shopper_replace(p, by);
}

void shopper_estimate(struct shopper *p)
{
    position_update(p);
    if (p->ticket.told_high_s || !p->eta_known)
        return;
    p->ticket.told_low_s = p->eta.low_s;
    p->ticket.told_high_s = p->eta.high_s;
}

static unsigned whole_state(const struct shopper *p)
{
    bool waits = seat_waits(&p->seat), called = waits && p->seat.state != SEAT_UNCALLED;
    return TELL_TICKET | (called ? TELL_CALLED : 0) | (p->admission ? TELL_ADMITTED : 0) |
           (p->order_count ? TELL_ORDERS : 0) | (p->told_spent ? TELL_SPENT : 0) | (waits ? TELL_POSITION : 0) |
           (p->room->closed_told ? TELL_CLOSED : 0);
}

void shopper_attach(struct shopper *p, struct session *s)
{
    if (p->session && p->session != s)
        session_supersede(p->session);
    if (s->shopper && s->shopper != p)
        shopper_free(s->shopper); /* one socket, one shopper */
    stop_polling(p);
    p->session = s;
    s->shopper = p;
    session_set_state(s, SESSION_IN_LINE);
    for (size_t i = 0; i < p->order_count; i++)
        p->orders[i].told = false;
    shopper_estimate(p);
    session_tell(s, whole_state(p));
    tell_position_soon(p, (uint64_t)(p->next_s * 1000));
}

void shopper_away(struct shopper *p)
{
    if (p->present)
        presence_left(p->room, p->ticket.place);
    shopper_free(p);
}

void shopper_drop_admission(struct shopper *p)
{
    if (!p->admission)
        return;
    free(p->admission->token);
    free(p->admission);
    p->admission = NULL;
    p->handing_in = false;
}

void shopper_tell(struct shopper *p, unsigned tell)
{
    if (p->session)
        session_tell(p->session, tell);
}

void shopper_end(struct shopper *p, enum wr_err why)
{
    line_depart(&p->room->line, &p->seat);
    shopper_drop_admission(p);
    if (why == WR_ERR_SPENT) {
        p->spent = true;
        wr_metrics_refusal(why);
        follow_orders(p); /* its orders first, then `spent` */
        return;
    }
    p->refused = why;
    if (p->session)
        session_refuse(p->session, why, NULL);
    else
        wr_metrics_refusal(why); /* who polls is told with the next answer */
}
