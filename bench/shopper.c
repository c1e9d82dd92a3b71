#include "shopper.h"
#include "http_wire.h"
#include <stdlib.h>

#define ANSWER_MS 5000

void shopper_finish(struct crowd *c, uint32_t id, enum end end)
{
    struct shopper *s = &c->shoppers[id];
    if (s->end != END_NONE)
        return;
    s->end = end;
    s->journey = ENDED;
    atomic_fetch_add(&c->tally->ends[end], 1);
    tally_add(c->tally, COUNT_OVER, 1);
    if (s->order_open)
        tally_add(c->tally, COUNT_OPEN_ORDERS, -1);
    s->order_open = false;
    crowd_timer_stop(c, id, TIMER_STEP);
    if (s->asking != ASK_SESSION && s->http != NO_CONN) {
        net_close(c->net, s->http);
        s->http = NO_CONN;
        s->asking = ASK_NOTHING;
    }
    free(s->token);
    free(s->pay_path);
    s->token = s->pay_path = NULL;
    /* Who does not buy, or never answers, leaves the page open; the others close it. */
    if (end == END_IDLE || end == END_DEAF || s->socket == NO_CONN)
        return;
    net_close(c->net, s->socket);
    s->socket = NO_CONN;
    s->link = LINK_NONE;
    crowd_timer_stop(c, id, TIMER_LINK);
}

void shopper_stop(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    bool buying = s->journey >= ORDERED || (s->journey == CHECKING_OUT && s->unsure);
    shopper_finish(c, id, buying ? END_BUYING : c->tally->sold_out ? END_SOLD_OUT : END_WAITING);
}

void shopper_due(struct crowd *c, uint32_t id, enum timer timer)
{
    if (timer == TIMER_LINK)
        line_due(c, id);
    else
        purchase_due(c, id);
}

/* ---- the HTTP request under way ---- */
static void write_request(struct crowd *c, uint32_t id, uint32_t conn)
{
    if (c->shoppers[id].asking == ASK_SESSION)
        line_write_session(c, id, conn);
    else
        purchase_write(c, id, conn);
}

static void answered(struct crowd *c, uint32_t id, const struct http_answer *answer)
{
    struct shopper *s = &c->shoppers[id];
    s->http = NO_CONN;
    if (s->asking == ASK_SESSION)
        line_read_session(c, id, answer);
    else
        purchase_read(c, id, answer);
}

void shopper_ask(struct crowd *c, uint32_t id, enum asking what, int target)
{
    struct shopper *s = &c->shoppers[id];
    s->asking = what;
    s->http = net_idle(c->net, target, id);
    bool stands = s->http != NO_CONN;
    if (!stands)
        s->http = net_open(c->net, target, id);
    if (s->http == NO_CONN) {
        tally_add(c->tally, COUNT_CONNECTS_FAILED, 1);
        answered(c, id, NULL);
        return;
    }
    crowd_timer(c, id, what == ASK_SESSION ? TIMER_LINK : TIMER_STEP, ANSWER_MS);
    if (stands)
        write_request(c, id, s->http);
}

static long read_answer(struct crowd *c, uint32_t id, uint32_t conn, char *bytes, size_t len)
{
    struct http_answer answer;
    long taken = http_read(bytes, len, &answer);
    if (taken <= 0)
        return taken;
    if (answer.closes)
        net_close(c->net, conn);
    else
        net_release(c->net, conn);
    answered(c, id, &answer);
    return taken;
}

/* ---- events of its connections ---- */
void shopper_opened(struct crowd *c, uint32_t id, uint32_t conn)
{
    if (conn == c->shoppers[id].http)
        write_request(c, id, conn);
    else
        line_write_upgrade(c, id);
}

long shopper_read(struct crowd *c, uint32_t id, uint32_t conn, char *bytes, size_t len)
{
    if (conn == c->shoppers[id].http)
        return read_answer(c, id, conn, bytes, len);
    return line_read(c, id, bytes, len);
}

void shopper_closed(struct crowd *c, uint32_t id, uint32_t conn)
{
    struct shopper *s = &c->shoppers[id];
    if (conn == s->http) {
        tally_add(c->tally, COUNT_NO_ANSWERS, 1);
        answered(c, id, NULL);
        return;
    }
    s->socket = NO_CONN;
    line_lost(c, id);
}
