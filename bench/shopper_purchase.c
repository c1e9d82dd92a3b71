#include "clock.h"
#include "http_wire.h"
#include "mem.h"
#include "scan.h"
#include "shopper.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEWS_MS 5000     /* after so long without news of an order the shopper asks for them */
#define LATE_MS 100      /* until what has come is read */
#define SOLD_OUT_MS 1000 /* units may come back */

static uint32_t think_ms(struct shopper *s)
{
    return 50 + plan_random_below(&s->plan.random, 450);
}

static void again_in(struct crowd *c, uint32_t id, uint32_t least_ms)
{
    struct shopper *s = &c->shoppers[id];
    uint32_t ms = 100u << (s->ask_tries < 4 ? s->ask_tries : 4);
    if (s->ask_tries < 200)
        s->ask_tries++;
    ms = ms / 2 + plan_random_below(&s->plan.random, ms / 2);
    crowd_timer(c, id, TIMER_STEP, ms > least_ms ? ms : least_ms);
}

void purchase_begin(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    s->journey = ADMITTED;
    if (s->plan.part == IDLE)
        shopper_finish(c, id, END_IDLE);
    else
        crowd_timer(c, id, TIMER_STEP, think_ms(s));
}

/* ---- asking ---- */
static void press_buy(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    s->journey = CHECKING_OUT;
    tally_add(c->tally, COUNT_CHECKOUTS, 1);
    shopper_ask(c, id, ASK_CHECKOUT, c->checkout_target);
}

static void pay(struct crowd *c, uint32_t id)
{
    c->shoppers[id].journey = PAYING;
    shopper_ask(c, id, ASK_PAYMENT, c->shoppers[id].pay_target);
}

static bool wants_to_pay(const struct shopper *s)
{
    return s->pay_path && s->plan.part == BUYER;
}

void purchase_due(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    bool asked = s->http != NO_CONN && s->asking != ASK_SESSION;
    if (asked && net_has_more(c->net, s->http)) { /* it is we who are late: the answer is read next */
        crowd_timer(c, id, TIMER_STEP, LATE_MS);
        return;
    }
    if (asked) { /* no answer in time */
        net_close(c->net, s->http);
        s->http = NO_CONN;
        shopper_unanswered(c, id, "no answer in time");
        purchase_read(c, id, NULL);
        return;
    }
    switch (s->journey) {
    case ADMITTED:
        press_buy(c, id);
        return;
    case CHECKING_OUT:
        tally_add(c->tally, s->checkout_us ? COUNT_RETRIES : COUNT_AFTER_SOLD_OUT, 1);
        shopper_ask(c, id, ASK_CHECKOUT, c->checkout_target);
        return;
    case ORDERED:
        if (wants_to_pay(s))
            pay(c, id);
        else
            shopper_ask(c, id, ASK_STATUS, c->checkout_target);
        return;
    case PAYING:
        pay(c, id);
        return;
    case PAID:
        shopper_ask(c, id, ASK_STATUS, c->checkout_target);
        return;
    case IN_LINE:
    case ENDED:
        return;
    }
}

void purchase_write(struct crowd *c, uint32_t id, uint32_t conn)
{
    struct shopper *s = &c->shoppers[id];
    const struct stage *stage = c->stage;
    char path[128], headers[1500], text[2500];
    struct http_request r = {.method = "POST",
                             .path = path,
                             .host = stage->checkout.host,
                             .origin = stage->origin,
                             .headers = headers};
    headers[0] = '\0';
    switch (s->asking) {
    case ASK_CHECKOUT:
        if (!s->checkout_us)
            s->checkout_us = wr_mono_us();
        r.path = stage->checkout_path;
        r.content_type = "application/json";
        r.body = stage->checkout_body;
        snprintf(headers, sizeof headers,
                 "Authorization: Bearer %s\r\nCookie: %s=%s\r\nIdempotency-Key: stampede-%lld-%u-%llx\r\n%s",
                 s->token, stage->cookie, s->secret, (long long)stage->options->seed, c->first + id * c->step,
                 (unsigned long long)stage->begins_ms, s->ask_tries ? "Idempotency-Retry: 1\r\n" : "");
        break;
    case ASK_PAYMENT:
        r.path = s->pay_path;
        r.host = net_host(c->net, s->pay_target);
        r.content_type = "application/x-www-form-urlencoded";
        r.body = "";
        break;
    default:
        r.method = "GET";
        snprintf(path, sizeof path, "/v1/orders/status/%s", s->order);
        snprintf(headers, sizeof headers, "Cookie: %s=%s\r\n", stage->cookie, s->secret);
    }
    size_t len = http_write(&r, text, sizeof text);
    if (!net_send(c->net, conn, text, len)) {
        s->http = NO_CONN;
        purchase_read(c, id, NULL);
    }
}

/* ---- answers ---- */
static void note(struct crowd *c, const char *step, const struct http_answer *answer)
{
    char type[64] = "", what[96];
    const char *slug = "";
    if (scan_text(answer->body, answer->body_len, "type", type, sizeof type)) {
        slug = strrchr(type, '/');
        slug = slug ? slug + 1 : type;
    }
    snprintf(what, sizeof what, "%s: %d %.60s", step, answer->status, slug);
    tally_problem(c->tally, what);
}

/* What to do now that the order is known as it is. */
static void go_on(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    crowd_timer(c, id, TIMER_STEP, s->journey == ORDERED && wants_to_pay(s) ? think_ms(s) : NEWS_MS);
}

static void on_accepted(struct crowd *c, uint32_t id, const struct http_answer *answer)
{
    struct shopper *s = &c->shoppers[id];
    char order[sizeof s->order];
    if (!scan_text(answer->body, answer->body_len, "queue_ticket_id", order, sizeof order)) {
        tally_add(c->tally, COUNT_BAD_MESSAGES, 1);
        shopper_finish(c, id, END_REFUSED);
        return;
    }
    strcpy(s->order, order);
    tally_add(c->tally, COUNT_ACCEPTED, 1);
    tally_add(c->tally, COUNT_OPEN_ORDERS, 1);
    tally_ack(c->tally, net_arrived_us(c->net) - s->checkout_us);
    tally_order(c->tally, order);
    s->order_open = true;
    s->ask_tries = 0;
    s->journey = ORDERED;
    go_on(c, id);
}

static void read_checkout(struct crowd *c, uint32_t id, const struct http_answer *answer)
{
    struct shopper *s = &c->shoppers[id];
    if (!answer) {
        s->unsure = true;
        again_in(c, id, 0);
        return;
    }
    if (answer->status == 202) {
        on_accepted(c, id, answer);
        return;
    }
    note(c, "checkout", answer);
    if (answer->status >= 500 || answer->status == 429) {
        s->unsure |= answer->status >= 500;
        again_in(c, id, (uint32_t)answer->retry_after_s * 1000);
        return;
    }
    s->unsure = false; /* the key was looked up first: nothing is stored under it */
    if (answer->status == 410) {
        s->ask_tries = 0;
        s->found_none = true;
        s->checkout_us = 0; /* that was an answer; pressing buy again is a new question, with the same key */
        crowd_timer(c, id, TIMER_STEP, SOLD_OUT_MS + think_ms(s));
    } else {
        shopper_finish(c, id, answer->status == 401 || answer->status == 403 ? END_LATE : END_REFUSED);
    }
}

static void read_payment(struct crowd *c, uint32_t id, const struct http_answer *answer)
{
    struct shopper *s = &c->shoppers[id];
    if (!answer || answer->status >= 500 || answer->status == 429) {
        if (answer)
            note(c, "payment", answer);
        again_in(c, id, answer ? (uint32_t)answer->retry_after_s * 1000 : 0);
        return;
    }
    if (answer->status >= 400)
        note(c, "payment", answer); /* the order's state will say what that means */
    else
        tally_add(c->tally, COUNT_PAID, 1);
    s->ask_tries = 0;
    s->journey = PAID;
    go_on(c, id);
}

static void read_status(struct crowd *c, uint32_t id, const struct http_answer *answer)
{
    int64_t before = c->shoppers[id].event;
    if (answer && answer->status == 200)
        purchase_order(c, id, answer->body, answer->body_len);
    else if (answer)
        note(c, "status", answer);
    if (c->shoppers[id].event != before)
        tally_add(c->tally, COUNT_POLLED, 1);
    if (c->shoppers[id].end == END_NONE)
        go_on(c, id);
}

void purchase_read(struct crowd *c, uint32_t id, const struct http_answer *answer)
{
    enum asking asked = c->shoppers[id].asking;
    c->shoppers[id].asking = ASK_NOTHING;
    if (c->shoppers[id].end != END_NONE)
        return;
    if (asked == ASK_CHECKOUT)
        read_checkout(c, id, answer);
    else if (asked == ASK_PAYMENT)
        read_payment(c, id, answer);
    else if (asked == ASK_STATUS)
        read_status(c, id, answer);
}

/* ---- the order's state ---- */
static enum end end_of(const char *status)
{
    static const enum end ends[] = {END_CONFIRMED, END_EXPIRED, END_CANCELLED, END_FAILED, END_REFUNDED};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(status, tally_end_name(ends[i])) == 0)
            return ends[i];
    return END_NONE;
}

static void take_link(struct crowd *c, struct shopper *s, const char *url)
{
    struct target target;
    const char *path;
    if (s->pay_path || !target_parse(&target, url, &path))
        return;
    s->pay_target = net_target(c->net, &target);
    if (s->pay_target < 0)
        return;
    struct wr_buf pay = {0};
    wr_buf_printf(&pay, "%s/pay", path);
    s->pay_path = pay.at;
}

void purchase_order(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    struct shopper *s = &c->shoppers[id];
    char order[ORDER_ID_LEN + 1], status[24], url[512];
    int64_t event;
    if (s->end != END_NONE)
        return;
    if (!scan_text(json, len, "queue_ticket_id", order, sizeof order) ||
        !scan_text(json, len, "status", status, sizeof status) || !scan_int(json, len, "event", &event)) {
        tally_add(c->tally, COUNT_BAD_MESSAGES, 1);
        return;
    }
    if (scan_text(json, len, "payment_url", url, sizeof url))
        take_link(c, s, url);
    if (s->journey < ORDERED || event <= s->event)
        return; /* what overtook the 202 is asked for again after it */
    s->event = event;
    enum end end = end_of(status);
    if (end == END_CONFIRMED)
        tally_add(c->tally, COUNT_CONFIRMED, 1);
    if (end != END_NONE)
        shopper_finish(c, id, end);
    else if (s->http == NO_CONN)
        go_on(c, id);
}
