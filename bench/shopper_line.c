#include "claims.h"
#include "clock.h"
#include "http_wire.h"
#include "json.h"
#include "mem.h"
#include "scan.h"
#include "shopper.h"
#include "ws_wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSED_MS 30000 /* for the ticket, once the line said that it is closed */

static uint32_t below(struct shopper *s, uint32_t bound)
{
    return plan_random_below(&s->plan.random, bound);
}

static int any_worker(struct crowd *c, struct shopper *s)
{
    return c->line_targets[below(s, (uint32_t)c->stage->lines)];
}

/* 100 ms, doubling to 3 s, half of it random. */
static uint32_t backoff(struct shopper *s)
{
    uint32_t ms = 100u << (s->link_tries < 5 ? s->link_tries : 5);
    if (s->link_tries < 200)
        s->link_tries++;
    return ms / 2 + below(s, ms / 2);
}

/* ---- session ---- */
static void ask_session(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    s->link = LINK_SESSION;
    shopper_ask(c, id, ASK_SESSION, any_worker(c, s));
}

void line_write_session(struct crowd *c, uint32_t id, uint32_t conn)
{
    char text[512];
    struct http_request request = {.method = "POST",
                                   .path = "/v1/session",
                                   .host = c->stage->line[0].host,
                                   .origin = c->stage->origin,
                                   .headers = "",
                                   .content_type = "application/json",
                                   .body = "{}"};
    size_t len = http_write(&request, text, sizeof text);
    if (!net_send(c->net, conn, text, len)) {
        c->shoppers[id].http = NO_CONN;
        line_read_session(c, id, NULL);
    }
}

static void open_socket(struct crowd *c, uint32_t id);

void line_read_session(struct crowd *c, uint32_t id, const struct http_answer *answer)
{
    struct shopper *s = &c->shoppers[id];
    s->asking = ASK_NOTHING;
    if (answer && answer->status == 200 &&
        http_cookie(answer, c->stage->cookie, s->secret, sizeof s->secret)) {
        tally_add(c->tally, COUNT_SESSIONS, 1);
        s->link_tries = 0;
        open_socket(c, id);
        return;
    }
    if (answer) {
        char what[64];
        snprintf(what, sizeof what, "session: %d%s", answer->status,
                 answer->status == 200 ? " without a cookie" : "");
        tally_problem(c->tally, what);
    }
    crowd_timer(c, id, TIMER_LINK, backoff(s));
}

/* ---- the socket ---- */
static void away(struct crowd *c, uint32_t id, uint32_t return_ms)
{
    struct shopper *s = &c->shoppers[id];
    if (s->socket != NO_CONN)
        net_close(c->net, s->socket);
    s->socket = NO_CONN;
    s->link = LINK_AWAY;
    crowd_timer(c, id, TIMER_LINK, return_ms);
}

/* Stays away for so long because it wants to, or was asked to. */
static void return_after(struct crowd *c, uint32_t id, uint32_t ms)
{
    c->shoppers[id].out_us = wr_mono_us() + 1000 * (uint64_t)ms;
    away(c, id, ms);
}

void line_lost(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    tally_add(c->tally, s->link == LINK_OPENING ? COUNT_CONNECTS_FAILED : COUNT_SOCKETS_LOST, 1);
    if (s->end != END_NONE) {
        s->link = LINK_NONE;
        return;
    }
    if (!s->out_us)
        s->out_us = wr_mono_us();
    away(c, id, s->link == LINK_JOINED ? below(s, s->back_within_ms) : backoff(s));
}

static void open_socket(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    s->link = LINK_OPENING;
    s->ahead = -1;
    s->connect_us = wr_mono_us();
    s->socket = net_open(c->net, any_worker(c, s), id);
    if (s->socket == NO_CONN)
        line_lost(c, id);
    else
        crowd_timer(c, id, TIMER_LINK, LINE_PATIENCE_MS);
}

void line_write_upgrade(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    char headers[400], text[1024];
    snprintf(
        headers, sizeof headers,
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " WS_KEY
        "\r\nSec-WebSocket-Protocol: waitroom.v1\r\nCookie: %s=%s\r\n",
        c->stage->cookie, s->secret);
    struct http_request request = {.method = "GET",
                                   .path = c->stage->queue_path,
                                   .host = c->stage->line[0].host,
                                   .origin = c->stage->origin,
                                   .headers = headers};
    s->link = LINK_UPGRADING;
    if (!net_send(c->net, s->socket, text, http_write(&request, text, sizeof text))) {
        s->socket = NO_CONN;
        line_lost(c, id);
    }
}

static void say(struct crowd *c, uint32_t id, enum ws_opcode opcode, const char *text, size_t len)
{
    struct shopper *s = &c->shoppers[id];
    char frame[600];
    if (s->socket == NO_CONN || len > sizeof frame - 8)
        return;
    size_t size = ws_write(opcode, text, len, (uint32_t)plan_random(&s->plan.random), frame);
    if (!net_send(c->net, s->socket, frame, size)) {
        s->socket = NO_CONN;
        line_lost(c, id);
    }
}

static void say_text(struct crowd *c, uint32_t id, const char *text)
{
    say(c, id, WS_TEXT, text, strlen(text));
}

static void join(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    s->link = LINK_JOINING;
    if (!s->place) {
        say_text(c, id, c->stage->say_join);
        return;
    }
    struct wr_json *json =
        wr_json_build("{s:s, s:s, s:s}", "type", "join", "ticket", s->ticket, "was", s->worker);
    struct wr_buf text = {0};
    wr_json_render(json, &text);
    say(c, id, WS_TEXT, text.at, text.len);
    wr_buf_free(&text);
    wr_json_free(json);
}

void line_due(struct crowd *c, uint32_t id)
{
    struct shopper *s = &c->shoppers[id];
    switch (s->link) {
    case LINK_NONE:
        if (s->end != END_NONE)
            return;
        tally_add(c->tally, COUNT_ARRIVED, 1);
        s->out_us = wr_mono_us();
        ask_session(c, id);
        return;
    case LINK_SESSION:
        if (s->http != NO_CONN) { /* no answer in time */
            net_close(c->net, s->http);
            s->http = NO_CONN;
            shopper_unanswered(c, id, "no answer in time");
        }
        ask_session(c, id);
        return;
    case LINK_OPENING:
    case LINK_UPGRADING:
    case LINK_JOINING: {
        static const char *const late[] = {"connect", "upgrade", "ticket"};
        char what[64];
        snprintf(what, sizeof what, "socket: no %s in time", late[s->link - LINK_OPENING]);
        tally_problem(c->tally, what);
        away(c, id, backoff(s));
        return;
    }
    case LINK_JOINED:
        if (s->end != END_NONE)
            return;
        s->dropped = true;
        return_after(c, id, below(s, 1000));
        return;
    case LINK_AWAY:
        open_socket(c, id);
        return;
    case LINK_MUTE:
        return;
    }
}

/* ---- what the line says ---- */
static void first_ticket(struct crowd *c, uint32_t id, uint64_t place)
{
    struct shopper *s = &c->shoppers[id];
    s->place = place;
    tally_add(c->tally, COUNT_JOINED, 1);
    tally_join(c->tally, wr_mono_us() - s->connect_us, place);
    if (s->plan.part == ABSENT) {
        shopper_finish(c, id, END_ABSENT);
    } else if (s->plan.part == DEAF) {
        s->link = LINK_MUTE;
        net_mute(c->net, s->socket);
        crowd_timer_stop(c, id, TIMER_LINK);
        shopper_finish(c, id, END_DEAF);
    }
}

static void ticket_again(struct crowd *c, uint32_t id, uint64_t place)
{
    struct shopper *s = &c->shoppers[id];
    uint64_t now = wr_mono_us(); /* a timer's milliseconds may end a part of one early */
    tally_add(c->tally, COUNT_RETURNS, 1);
    if (s->out_us)
        tally_return(c->tally, now > s->out_us ? now - s->out_us : 0);
    tally_add(c->tally, place == s->place ? COUNT_PLACES_KEPT : COUNT_PLACES_CHANGED, 1);
    s->place = place;
}

static bool read_ticket(struct shopper *s, const char *json, size_t len, uint64_t *place)
{
    int64_t lane, number, within_s;
    if (!scan_int(json, len, "lane", &lane) || !scan_int(json, len, "place", &number) || number < 1 ||
        !scan_int(json, len, "reconnect_within_s", &within_s) || within_s < 1)
        return false;
    *place = (uint64_t)lane << 48 | (uint64_t)number;
    s->back_within_ms = (uint32_t)within_s * 1000;
    return scan_text(json, len, "ticket", s->ticket, sizeof s->ticket) &&
           scan_text(json, len, "worker", s->worker, sizeof s->worker);
}

static void on_ticket(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    struct shopper *s = &c->shoppers[id];
    uint64_t place;
    if (!read_ticket(s, json, len, &place)) {
        tally_add(c->tally, COUNT_BAD_MESSAGES, 1);
        return;
    }
    s->link = LINK_JOINED;
    s->link_tries = 0;
    crowd_timer_stop(c, id, TIMER_LINK);
    if (s->place)
        ticket_again(c, id, place);
    else
        first_ticket(c, id, place);
    if (s->end != END_NONE)
        return;
    s->out_us = 0;
    if (s->plan.drop_ms && !s->dropped)
        crowd_timer(c, id, TIMER_LINK, s->plan.drop_ms);
}

static void on_position(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    struct shopper *s = &c->shoppers[id];
    int64_t ahead;
    if (!scan_int(json, len, "ahead", &ahead))
        return;
    if (s->ahead >= 0 && ahead > s->ahead)
        tally_add(c->tally, COUNT_AHEAD_ROSE, 1);
    s->ahead = ahead;
}

static void on_called(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    struct shopper *s = &c->shoppers[id];
    tally_add(c->tally, COUNT_CALLED, 1);
    if (s->journey == IN_LINE)
        say_text(c, id, scan_true(json, len, "again") ? c->stage->say_here_again : c->stage->say_here);
}

static void on_admitted(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    struct shopper *s = &c->shoppers[id];
    char token[1100];
    struct claims claims;
    if (!scan_text(json, len, "token", token, sizeof token) || !claims_read(&claims, token)) {
        tally_add(c->tally, COUNT_BAD_MESSAGES, 1);
        return;
    }
    bool again = strcmp(claims.jti, s->jti) == 0;
    strcpy(s->jti, claims.jti);
    if (!again) {
        tally_add(c->tally, COUNT_ADMITTED, 1);
        tally_add(c->tally, COUNT_ENTERED, 1);
        tally_grant(c->tally, claims.granted_ms);
    }
    say_text(c, id, c->stage->say_entered);
    if (s->journey != IN_LINE)
        return;
    free(s->token);
    s->token = wr_strdup(token);
    purchase_begin(c, id);
}

static bool is_one_of(const char *text, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(text, *names) == 0)
            return true;
    return false;
}

static void on_error(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    static const char *const for_good[] = {
        "ticket-invalid", "ticket-spent",       "place-passed", "blocked", "unknown-sale",
        "forbidden",      "origin-not-allowed", "malformed",    NULL};
    struct shopper *s = &c->shoppers[id];
    char code[40] = "?", what[64];
    scan_text(json, len, "code", code, sizeof code);
    snprintf(what, sizeof what, "socket: %s", code);
    tally_problem(c->tally, what);
    if (s->journey != IN_LINE)
        return;
    bool over = is_one_of(code, for_good);
    if (over && s->place)
        tally_add(c->tally, COUNT_PLACES_REFUSED, 1);
    if (strcmp(code, "line-closed") == 0) { /* news, not a refusal: what was asked waits at the worker */
        if (s->link == LINK_JOINING)
            crowd_timer(c, id, TIMER_LINK, CLOSED_MS);
    } else if (strcmp(code, "sale-ended") == 0) /* before it came, or came back */
        shopper_finish(c, id, END_SOLD_OUT);
    else if (over)
        shopper_finish(c, id, END_REFUSED);
    else if (s->link != LINK_JOINED)
        away(c, id, 500 + backoff(s));
}

static void on_reconnect(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    int64_t within_s = 1;
    scan_int(json, len, "within_s", &within_s);
    if (c->shoppers[id].end == END_NONE)
        return_after(c, id, below(&c->shoppers[id], (uint32_t)within_s * 1000));
}

static void on_sale(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    char phase[16];
    if (scan_text(json, len, "phase", phase, sizeof phase) && strcmp(phase, "ended") == 0 &&
        c->shoppers[id].journey == IN_LINE)
        shopper_finish(c, id, END_SOLD_OUT);
}

static void on_spent(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    (void)json;
    (void)len;
    if (c->shoppers[id].journey != IN_LINE)
        return;
    /* Three tokens let fall spend a place; who was never shown one has let none fall. */
    tally_problem(c->tally, "socket: spent");
    tally_add(c->tally, COUNT_PLACES_REFUSED, 1);
    shopper_finish(c, id, END_LATE);
}

static void on_superseded(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    (void)id;
    (void)json;
    (void)len;
    tally_problem(c->tally, "socket: superseded");
}

static void on_message(struct crowd *c, uint32_t id, const char *json, size_t len)
{
    static const struct {
        const char *type;
        void (*take)(struct crowd *c, uint32_t id, const char *json, size_t len);
    } types[] = {
        {"position", on_position},   {"called", on_called},         {"ticket", on_ticket},
        {"admitted", on_admitted},   {"order", purchase_order},     {"sale", on_sale},
        {"spent", on_spent},         {"superseded", on_superseded}, {"error", on_error},
        {"reconnect", on_reconnect},
    };
    char type[16];
    if (!scan_text(json, len, "type", type, sizeof type)) {
        tally_add(c->tally, COUNT_BAD_MESSAGES, 1);
        return;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].type, type) == 0)
            types[i].take(c, id, json, len);
}

/* The answer to the upgrade. How many bytes it took, 0 when it is not whole, -1 when the socket is closed
 * now. */
static long read_upgrade(struct crowd *c, uint32_t id, char *bytes, size_t len)
{
    struct shopper *s = &c->shoppers[id];
    struct http_answer answer;
    size_t accept_len;
    long taken = http_read(bytes, len, &answer);
    if (taken == 0)
        return 0;
    const char *accept = taken > 0 ? http_header(&answer, "sec-websocket-accept", &accept_len) : NULL;
    if (accept && answer.status == 101 && accept_len == strlen(WS_ACCEPT) &&
        memcmp(accept, WS_ACCEPT, accept_len) == 0) {
        join(c, id);
        return s->socket == NO_CONN ? -1 : taken;
    }
    char what[64];
    snprintf(what, sizeof what, "upgrade: %d", taken > 0 ? answer.status : 0);
    tally_problem(c->tally, what);
    away(c, id, backoff(s));
    return -1;
}

static void on_frame(struct crowd *c, uint32_t id, const struct ws_frame *frame)
{
    struct shopper *s = &c->shoppers[id];
    switch (frame->opcode) {
    case WS_TEXT:
        on_message(c, id, frame->payload, frame->len);
        return;
    case WS_PING:
        say(c, id, WS_PONG, frame->payload, frame->len);
        return;
    case WS_CLOSE:
        net_close(c->net, s->socket);
        s->socket = NO_CONN;
        line_lost(c, id);
        return;
    default:
        return;
    }
}

long line_read(struct crowd *c, uint32_t id, char *bytes, size_t len)
{
    struct shopper *s = &c->shoppers[id];
    uint32_t socket = s->socket;
    size_t at = 0;
    if (s->link == LINK_MUTE)
        return (long)len;
    if (s->link == LINK_UPGRADING) {
        long taken = read_upgrade(c, id, bytes, len);
        if (taken <= 0)
            return taken ? (long)len : 0;
        at = (size_t)taken;
    }
    while (at < len) {
        struct ws_frame frame;
        long taken = ws_read(bytes + at, len - at, &frame);
        if (taken < 0) {
            tally_add(c->tally, COUNT_BAD_MESSAGES, 1);
            return -1;
        }
        if (taken == 0)
            break;
        at += (size_t)taken;
        on_frame(c, id, &frame);
        if (s->socket != socket || s->link == LINK_MUTE)
            return (long)len; /* closed on the way, or opened anew: the rest was the old one's */
    }
    return (long)at;
}
