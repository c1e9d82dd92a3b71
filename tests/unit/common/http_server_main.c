/* http_server_main.c - a small server on common/http, for the tests of its behaviour on the wire
 * (tests/integration/ http.test.mjs, tests/hostile) and for measurements: http_test_server [--listen A:P]
 * [--header-ms N] [--body-ms N] [--answer-ms N]
 * [--ping-s N] [--silence-s N]. It prints the port it listens on. */
#include "clock.h"
#include "http.h"
#include "json.h"
#include "log.h"
#include "loop.h"
#include "mem.h"
#include "metrics.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BIG = 100000 };

struct session {
    struct wr_socket *socket;
    struct session *prev, *next;
    uint64_t flood; /* messages still to send */
};

static struct wr_loop *loop;
static struct wr_http *http;
static struct wr_proxies *proxies;
static struct session *sessions;
static size_t session_count, later_count;
static char big[BIG];

/* ---- requests ---- */

static void get_hello(void *ctx, struct wr_request *req)
{
    (void)ctx;
    wr_answer_json(req, 200, wr_json_build("{s:s}", "hello", "world"));
}

static const char *text(const char *value)
{
    return value ? value : "";
}

static void echo(void *ctx, struct wr_request *req)
{
    (void)ctx;
    size_t len;
    char cookie[64], client[WR_ADDRESS_LEN];
    wr_request_body(req, &len);
    wr_request_cookie(req, "waitroom", cookie, sizeof cookie);
    wr_request_client(req, proxies, client);
    wr_answer_json(req, 200,
                   wr_json_build("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "method", wr_request_method(req),
                                 "name", text(wr_request_param(req, "name")), "q",
                                 text(wr_request_query(req, "q")), "field",
                                 text(wr_request_form(req, "field")), "cookie", cookie, "client", client,
                                 "length", (int64_t)len));
}

static void post_json(void *ctx, struct wr_request *req)
{
    (void)ctx;
    struct wr_json *v = wr_request_json(req);
    if (!v)
        return;
    wr_answer_json(req, 201, wr_json_build("{s:s}", "said", text(wr_json_text(wr_json_get(v, "say")))));
    wr_json_free(v);
}

struct later {
    struct wr_request *req;
    struct wr_timer *timer;
};

static void on_later(void *ctx)
{
    struct later *l = ctx;
    if (wr_request_query(l->req, "refuse"))
        wr_answer_problem(l->req, WR_ERR_BUSY, NULL, 0);
    else
        wr_answer_json(l->req, 200, wr_json_build("{s:b}", "late", 1));
    later_count--;
    wr_timer_free(l->timer);
    free(l);
}

static void later(void *ctx, struct wr_request *req)
{
    (void)ctx;
    const char *ms = wr_request_query(req, "ms");
    struct later *l = wr_alloc(sizeof *l);
    l->req = req;
    l->timer = wr_timer_new(loop, on_later, l);
    later_count++;
    wr_timer_start(l->timer, ms ? strtoul(ms, NULL, 10) : 0, 0);
}

static void get_big(void *ctx, struct wr_request *req)
{
    (void)ctx;
    wr_answer(req, &(struct wr_answer){.content_type = "text/plain", .body = big, .len = sizeof big});
}

static void get_file(void *ctx, struct wr_request *req)
{
    (void)ctx;
    const char *rest = wr_request_param(req, "rest");
    wr_answer(req, &(struct wr_answer){.content_type = "text/plain", .body = rest, .len = strlen(rest)});
}

static void get_state(void *ctx, struct wr_request *req)
{
    (void)ctx;
    wr_answer_json(req, 200,
                   wr_json_build("{s:I, s:I, s:I}", "connections", (int64_t)wr_http_connections(http), "sockets",
                                 (int64_t)session_count, "later", (int64_t)later_count));
}

static uint64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* One message of 60 bytes to every socket, and what that cost. */
static void get_push(void *ctx, struct wr_request *req)
{
    (void)ctx;
    static const char message[] = "{\"type\":\"position\",\"ahead\":123456,\"eta_s\":[100,200],\"n\":15}";
    uint64_t before = cpu_us();
    int64_t sent = 0;
    for (struct session *s = sessions; s; s = s->next)
        sent += wr_socket_send(s->socket, message, 60) == WR_OK;
    wr_answer_json(req, 200,
                   wr_json_build("{s:I, s:I}", "sent", sent, "cpu_us", (int64_t)(cpu_us() - before)));
}

static void get_cpu(void *ctx, struct wr_request *req)
{
    (void)ctx;
    wr_answer_json(req, 200, wr_json_build("{s:I}", "cpu_us", (int64_t)cpu_us()));
}

static void get_metrics(void *ctx, struct wr_request *req)
{
    (void)ctx;
    struct wr_buf text = {0};
    wr_metrics_render(&text);
    wr_answer(req, &(struct wr_answer){.content_type = "text/plain", .body = text.at, .len = text.len});
    wr_buf_free(&text);
}

static const struct wr_route routes[] = {
    {"GET", "/hello", get_hello, 0, 0},
    {"GET", "/echo/{name}", echo, 0, 0},
    {"PUT", "/echo/{name}", echo, WR_ROUTE_ORIGIN | WR_ROUTE_NO_BROWSER, 1000},
    {"POST", "/echo/{name}", echo, WR_ROUTE_FORM, 4096},
    {"POST", "/any", echo, WR_ROUTE_ANY_BODY, 16384},
    {"POST", "/json", post_json, 0, 4096},
    {"POST", "/guarded", post_json, WR_ROUTE_ORIGIN, 4096},
    {"GET", "/later", later, 0, 0},
    {"POST", "/later", later, 0, 4096},
    {"GET", "/big", get_big, 0, 0},
    {"GET", "/files/*", get_file, 0, 0},
    {"GET", "/state", get_state, 0, 0},
    {"GET", "/push", get_push, 0, 0},
    {"GET", "/cpu", get_cpu, 0, 0},
    {"GET", "/metrics", get_metrics, 0, 0},
    {0},
};

/* ---- sockets: what is said comes back; a few words mean something ---- */

static enum wr_err on_upgrade(void *ctx, struct wr_request *req, void *session)
{
    (void)ctx;
    (void)session;
    return strcmp(wr_request_param(req, "room"), "closed") ? WR_OK : WR_ERR_UNKNOWN_SALE;
}

static void on_open(void *ctx, struct wr_socket *s, void *session)
{
    struct session *me = session;
    (void)ctx;
    me->socket = s;
    me->next = sessions;
    if (me->next)
        me->next->prev = me;
    sessions = me;
    session_count++;
}

static void on_close(void *ctx, struct wr_socket *s, void *session)
{
    struct session *me = session;
    (void)ctx;
    (void)s;
    if (me->prev)
        me->prev->next = me->next;
    else
        sessions = me->next;
    if (me->next)
        me->next->prev = me->prev;
    session_count--;
}

static void on_writable(void *ctx, struct wr_socket *s, void *session)
{
    struct session *me = session;
    (void)ctx;
    while (me->flood) {
        if (wr_socket_send(s, big, 4000))
            return;
        me->flood--;
    }
}

static void on_message(void *ctx, struct wr_socket *s, void *session, const char *said, size_t len)
{
    struct session *me = session;
    if (len == 5 && !memcmp(said, "close", 5)) {
        wr_socket_close(s, 4001, "as asked");
    } else if (len == 5 && !memcmp(said, "flood", 5)) {
        me->flood = 100000;
        on_writable(ctx, s, session);
    } else if (wr_socket_send(s, said, len)) {
        wr_socket_close(s, 1013, "busy");
    }
}

static void on_refused(void *ctx, struct wr_socket *s, void *session, enum wr_err err, const char *why)
{
    char text[100];
    (void)ctx;
    (void)session;
    int len = snprintf(text, sizeof text, "%s: %s", wr_err_slug(err), why);
    if (wr_socket_send(s, text, (size_t)len))
        wr_info("no room for the reason", "");
}

static void on_quiet(void *ctx, struct wr_socket *s, void *session)
{
    on_message(ctx, s, session, "still here", 10);
}

static const struct wr_socket_route socket_routes[] = {
    {"/rooms/{room}", "waitroom.v1", sizeof(struct session), 4096, on_upgrade, on_open, on_message,
     on_writable, on_refused, on_close, NULL},
    {"/talkative/{room}", "waitroom.v1", sizeof(struct session), 4096, on_upgrade, on_open, on_message,
     on_writable, on_refused, on_close, on_quiet},
    {0},
};

static void on_stop(void *ctx)
{
    wr_loop_stop(ctx);
}

int main(int argc, char **argv)
{
    struct wr_http_config config = {
        .listen = "127.0.0.1:0",
        .public_url = "http://shop.test",
        .allowed_origins = "https://other.test",
        .routes = routes,
        .socket_routes = socket_routes,
    };
    static const struct option options[] = {{"listen", 1, NULL, 'l'},    {"header-ms", 1, NULL, 'h'},
                                            {"body-ms", 1, NULL, 'b'},   {"answer-ms", 1, NULL, 'a'},
                                            {"ping-s", 1, NULL, 'p'},    {"silence-s", 1, NULL, 's'},
                                            {0}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
        int n = optarg ? atoi(optarg) : 0;
        *(c == 'h'   ? &config.header_deadline_ms
          : c == 'b' ? &config.body_deadline_ms
          : c == 'a' ? &config.answer_deadline_ms
          : c == 'p' ? &config.ping_s
                     : &config.silence_s) = c == 'l' ? 0 : n;
        if (c == 'l')
            config.listen = optarg;
    }
    memset(big, 'x', sizeof big);
    wr_log_open(WR_LOG_INFO, "http_test_server");
    wr_metrics_open(NULL, 0, 1);
    if (wr_proxies_parse(&proxies, "127.0.0.0/8") || wr_loop_open(&loop) || wr_http_open(&http, loop, &config))
        return 1;
    struct wr_signal *term = wr_signal_new(loop, SIGTERM, on_stop, loop);
    printf("%d\n", wr_http_port(http));
    fflush(stdout);
    wr_loop_run(loop);
    wr_signal_free(term);
    wr_http_close(http);
    wr_proxies_free(proxies);
    return wr_loop_close(loop, 1000) ? 0 : 2;
}
