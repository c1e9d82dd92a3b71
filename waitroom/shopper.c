#include "shopper.h"
#include "meters.h"
#include "room.h"
#include <stdlib.h>
#include <string.h>

static uint64_t front_of(const char *shopper) /* the first 64 bits of the id, which is a digest */
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
    struct index_node *node = index_find(&room->by_shopper, front_of(shopper));
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
    p->ahead = -1;
    link_init(&p->push);
    link_init(&p->poller);
    link_init(&p->follower);
    index_add(&room->by_place, &p->by_place, ticket->place);
    index_add(&room->by_shopper, &p->by_shopper, front_of(ticket->shopper));
    presence_back(room, ticket->place);
    line_arrive(&room->line, &p->seat, ticket->place, room_now(room));
    presence_update(p);
    return p;
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
    presence_update(p);
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

void shopper_attach(struct shopper *p, struct session *s)
{
    struct session *older = p->session;
    stop_polling(p);
    p->session = s;
    s->shopper = p;
    session_set_state(s, SESSION_IN_LINE);
    for (size_t i = 0; i < p->order_count; i++)
        p->orders[i].told = false;
    if (older && older != s) {
        older->shopper = NULL;
        wr_metric_add(METRIC_SUPERSEDED, 1);
        session_end(older, TELL_SUPERSEDED, 4001);
    }
    bool called = p->seat.state == SEAT_ASKED || p->seat.state == SEAT_READY || p->seat.state == SEAT_QUIET;
    position_update(p);
    if (!p->ticket.told_high_s && p->eta_known) {
        p->ticket.told_low_s = p->eta.low_s;
        p->ticket.told_high_s = p->eta.high_s;
    }
    session_tell(s, TELL_TICKET | (called ? TELL_CALLED : 0) | (p->admission ? TELL_ADMITTED : 0) |
                        (p->order_count ? TELL_ORDERS : 0) | (p->told_spent ? TELL_SPENT : 0) |
                        (p->present ? TELL_POSITION : 0));
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
    p->handing_in = p->poll_told_token = false;
}

void shopper_tell(struct shopper *p, unsigned tell)
{
    if (p->session)
        session_tell(p->session, tell);
}

void shopper_end(struct shopper *p, enum wr_err why)
{
    line_depart(&p->room->line, &p->seat);
    presence_update(p);
    shopper_drop_admission(p);
    if (why == WR_ERR_SPENT) {
        p->spent = true;
        follow_orders(p); /* its orders first, then `spent` */
    } else {
        p->refused = why;
        if (p->session)
            session_refuse(p->session, why, NULL);
    }
}
