#include "shopper.h"
#include "clock.h"
#include "http_wire.h"
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MS 5000

/* Of those still buying when the run ends, an order may have its unit. */
static void count_turned_away(struct crowd *c, const struct shopper *s, enum end end)
{
    if (s->plan.part != BUYER || end == END_CONFIRMED || (end == END_BUYING && s->journey >= ORDERED))
        return;
    tally_add(c->tally, end == END_LATE && s->found_none ? COUNT_FOUND_NONE : COUNT_TURNED_AWAY, 1);
}

void shopper_finish(struct crowd *c, uint32_t id, enum end end)
{
    struct shopper *s = &c->shoppers[id];
    if (s->end != END_NONE)
        return;
    count_turned_away(c, s, end);
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

/* Who has just lost the socket, or come, is on the way; `out_us` may lie ahead: then it stays away because it wants to. */
static bool is_kept_out(const struct shopper *s)
{
    uint64_t patience_ms = s->place ? RETURN_PATIENCE_MS : LINE_PATIENCE_MS;
    return s->end == END_NONE && s->journey == IN_LINE && s->out_us &&
           wr_mono_us() > s->out_us + 1000 * patience_ms;
}

void shopper_stop(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    if (is_kept_out(s))
        tally_add(c->tally, COUNT_KEPT_OUT, 1);
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
void shopper_unanswered(struct crowd *c, uint32_t id, const char *why)
{
    static const char *const asked[] = {
        [ASK_SESSION] = "session", [ASK_CHECKOUT] = "checkout", [ASK_PAYMENT] = "payment", [ASK_STATUS] = "status"};
    char what[64];
    snprintf(what, sizeof what, "%s: %s", asked[c->shoppers[id].asking], why);
    tally_add(c->tally, COUNT_NO_ANSWERS, 1);
    tally_problem(c->tally, what);
}

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
    bool session = what == ASK_SESSION;
    crowd_timer(c, id, session ? TIMER_LINK : TIMER_STEP, session ? LINE_PATIENCE_MS : ANSWER_MS);
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
        shopper_unanswered(c, id, "closed");
        answered(c, id, NULL);
        return;
    }
    s->socket = NO_CONN;
    line_lost(c, id);
}
