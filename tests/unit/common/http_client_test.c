/* Against a small server of the test's own, on the same loop: it records what it is sent and answers what it
 * is told. */
#include "http_client.h"
#include "clock.h"
#include "log.h"
#include "mem.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#define WR_TEST_SETUP open_all
#define WR_TEST_TEARDOWN close_all
#include "test.h"

enum { PEERS_MAX = 16 };
static struct wr_loop *loop;
static struct wr_http_client *client;
static char url[64];

/* ---- the server ---- */

struct peer {
    int fd;
    struct wr_watch *watch;
};
static int listener;
static struct wr_watch *listener_watch;
static struct peer peers[PEERS_MAX];
static int peer_count;
static char received[20000];
static size_t received_len;
static const char *answer; /* NULL: silence; "": the connection is closed */
static size_t padding;     /* this many bytes follow the answer */

static void close_peer(struct peer *p)
{
    wr_watch_free(p->watch);
    close(p->fd);
    p->watch = NULL;
}

static void on_peer(void *ctx, int events)
{
    struct peer *p = ctx;
    (void)events;
    ssize_t n = read(p->fd, received + received_len, sizeof received - 1 - received_len);
    if (n <= 0) {
        close_peer(p);
        return;
    }
    received_len += (size_t)n;
    received[received_len] = '\0';
    if (!answer)
        return;
    if (*answer) {
        (void)!write(p->fd, answer, strlen(answer));
        for (size_t i = 0; i < padding; i += 1000) {
            static const char block[1000] = {'x'};
            if (send(p->fd, block, sizeof block, MSG_NOSIGNAL) < 0)
                break;
        }
    } else {
        close_peer(p);
    }
}

static void on_connection(void *ctx, int events)
{
    (void)ctx;
    (void)events;
    assert_true(peer_count < PEERS_MAX);
    struct peer *p = &peers[peer_count++];
    p->fd = accept(listener, NULL, NULL);
    p->watch = wr_watch_new(loop, p->fd, on_peer, p);
    wr_watch_set(p->watch, WR_READABLE);
}

static int open_all(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    wr_log_open(WR_LOG_ERROR, "http_client_test");
    answer = NULL;
    padding = received_len = 0;
    peer_count = 0;
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 16), 0);
    getsockname(listener, (struct sockaddr *)&at, &len);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/things", ntohs(at.sin_port));
    listener_watch = wr_watch_new(loop, listener, on_connection, NULL);
    wr_watch_set(listener_watch, WR_READABLE);
    return wr_http_client_open(&client, loop, 4);
}

static int close_all(void **state)
{
    (void)state;
    wr_http_client_close(client);
    for (int i = 0; i < peer_count; i++)
        if (peers[i].watch)
            close_peer(&peers[i]);
    wr_watch_free(listener_watch);
    close(listener);
    assert_true(wr_loop_close(loop, 2000));
    return 0;
}

/* ---- the names ---- */

#define SILENT "nameserver-is-away.test"
static sem_t name_asked, name_released, name_left; /* the lookup of SILENT has begun; may end; has ended */

/* libcurl's threads come here, too: what is linked first wins. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (!name || strcmp(name, SILENT) != 0) {
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        return real(name, service, hints, out);
    }
    sem_post(&name_asked);
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 5; /* as long as glibc waits for one nameserver */
    sem_timedwait(&name_released, &limit);
    sem_post(&name_left);
    return EAI_AGAIN;
}

/* ---- calls ---- */

struct result {
    int calls;
    enum wr_err err;
    int status;
    size_t len;
    char body[100];
};
static int awaited;

static void on_done(void *ctx, enum wr_err err, int status, const char *body, size_t len)
{
    struct result *r = ctx;
    r->calls++;
    r->err = err;
    r->status = status;
    r->len = len;
    assert_int_equal(strlen(body), len);
    wr_copy_text(r->body, sizeof r->body, body, len);
    if (--awaited == 0)
        wr_loop_stop(loop);
}

static void on_late(void *ctx)
{
    (void)ctx;
    fail_msg("it took too long");
}

static void run(int count)
{
    struct wr_timer *limit = wr_timer_new(loop, on_late, NULL);
    wr_timer_start(limit, 10000, 0);
    awaited = count;
    wr_loop_run(loop);
    wr_timer_free(limit);
}

static enum wr_err start(const char *method, const char *to, const char *body, struct result *r)
{
    const struct wr_http_call call = {.method = method,
                                      .url = to,
                                      .headers = {"X-One: 1", "Content-Type: text/plain"},
                                      .body = body,
                                      .len = body ? strlen(body) : 0,
                                      .deadline_ms = 700};
    *r = (struct result){0};
    return wr_http_client_call(client, &call, on_done, r);
}

static struct result call(const char *method, const char *to, const char *body)
{
    struct result r;
    assert_int_equal(start(method, to, body, &r), WR_OK);
    assert_int_equal(r.calls, 0);
    run(1);
    assert_int_equal(r.calls, 1);
    return r;
}

TEST(a_request_goes_out_as_given_and_its_answer_comes_back)
{
    answer = "HTTP/1.1 402 No\r\nContent-Length: 5\r\n\r\nhello";
    struct result r = call("POST", url, "a=b");
    assert_int_equal(r.err, WR_OK);
    assert_int_equal(r.status, 402);
    assert_string_equal(r.body, "hello");
    assert_memory_equal(received, "POST /things HTTP/1.1\r\n", 23);
    assert_non_null(strstr(received, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(received, "\r\nContent-Type: text/plain\r\n"));
    assert_non_null(strstr(received, "\r\nContent-Length: 3\r\n"));
    assert_null(strstr(received, "Expect"));
    assert_string_equal(received + received_len - 7, "\r\n\r\na=b");
}

TEST(other_methods_and_kept_connections_work)
{
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static const char *const methods[] = {"GET", "DELETE", "POST", "PUT"};
    for (size_t i = 0; i < 4; i++) {
        received_len = 0;
        struct result r = call(methods[i], url, i == 3 ? "body" : NULL);
        assert_int_equal(r.status, 200);
        assert_memory_equal(received, methods[i], strlen(methods[i]));
    }
    assert_int_equal(peer_count, 1);
}

TEST(a_redirect_is_an_answer_and_not_followed)
{
    answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    struct result r = call("GET", url, NULL);
    assert_int_equal(r.err, WR_OK);
    assert_int_equal(r.status, 302);
    assert_null(strstr(received, "elsewhere"));
}

TEST(what_was_never_sent_is_a_refusal)
{
    assert_int_equal(call("GET", "http://127.0.0.1:1/", NULL).err, WR_ERR_BACKEND);
    assert_int_equal(call("GET", "file:///etc/passwd", NULL).err, WR_ERR_BACKEND);
    assert_int_equal(call("GET", "no url", NULL).err, WR_ERR_BACKEND);
    assert_int_equal(call("GET", "http://nowhere.invalid/", NULL).err, WR_ERR_BACKEND);
}

TEST(silence_is_an_unknown_outcome_at_the_deadline)
{
    uint64_t begin = wr_mono_ms();
    struct result r = call("POST", url, "x");
    assert_int_equal(r.err, WR_ERR_NO_ANSWER);
    assert_int_equal(r.len, 0);
    assert_in_range(wr_mono_ms() - begin, 650, 5000);
    answer = "";
    assert_int_equal(call("POST", url, "x").err, WR_ERR_NO_ANSWER);
}

struct ticks {
    uint64_t last_ms, longest_ms;
};

static void on_tick(void *ctx)
{
    struct ticks *t = ctx;
    uint64_t now = wr_mono_ms();
    if (now - t->last_ms > t->longest_ms)
        t->longest_ms = now - t->last_ms;
    t->last_ms = now;
}

static void begin_silence(void)
{
    sem_init(&name_asked, 0, 0);
    sem_init(&name_released, 0, 0);
    sem_init(&name_left, 0, 0);
}

static void end_silence(void)
{
    sem_post(&name_released);
    sem_wait(&name_left); /* what the thread has is freed by itself */
}

TEST(a_name_that_no_nameserver_answers_for_is_given_up_at_the_deadline_and_holds_nobody)
{
    uint64_t begin = wr_mono_ms();
    struct ticks ticks = {.last_ms = begin};
    struct wr_timer *timer = wr_timer_new(loop, on_tick, &ticks);
    wr_timer_start(timer, 10, 10);
    begin_silence();
    assert_int_equal(call("POST", "http://" SILENT "/", "x").err, WR_ERR_BACKEND);
    on_tick(&ticks);
    wr_timer_free(timer);
    end_silence();
    assert_in_range(wr_mono_ms() - begin, 650, 2500);
    assert_in_range(ticks.longest_ms, 0, 2000);
}

static void on_look_whether_asked(void *ctx)
{
    (void)ctx;
    if (sem_trywait(&name_asked) == 0)
        wr_loop_stop(loop);
}

TEST(closing_waits_for_no_name)
{
    struct result r;
    struct wr_timer *timer = wr_timer_new(loop, on_look_whether_asked, NULL);
    wr_timer_start(timer, 1, 1);
    begin_silence();
    assert_int_equal(start("GET", "http://" SILENT "/", NULL, &r), WR_OK);
    run(2);
    wr_timer_free(timer);
    uint64_t begin = wr_mono_ms();
    wr_http_client_close(client);
    client = NULL;
    assert_in_range(wr_mono_ms() - begin, 0, 2000);
    assert_int_equal(r.calls, 1);
    end_silence();
}

TEST(an_answer_without_end_is_given_up)
{
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n";
    padding = 90000;
    assert_int_equal(call("GET", url, NULL).err, WR_ERR_NO_ANSWER);
}

TEST(what_is_in_flight_is_bounded)
{
    struct result r[5];
    for (int i = 0; i < 4; i++)
        assert_int_equal(start("GET", url, NULL, &r[i]), WR_OK);
    assert_int_equal(start("GET", url, NULL, &r[4]), WR_ERR_BUSY);
    run(4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(r[i].err, WR_ERR_NO_ANSWER);
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(call("GET", url, NULL).err, WR_OK);
    assert_int_equal(r[4].calls, 0);
}

static void on_first(void *ctx, enum wr_err err, int status, const char *body, size_t len)
{
    struct result *r = ctx;
    assert_int_equal(start("GET", url, NULL, &r[1]), WR_OK);
    on_done(r, err, status, body, len);
}

TEST(the_place_of_what_has_ended_is_free_for_what_its_callback_starts)
{
    const struct wr_http_call call = {.method = "GET", .url = url, .deadline_ms = 700};
    struct result first[2] = {{0}}, others[3];
    assert_int_equal(wr_http_client_call(client, &call, on_first, first), WR_OK);
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (int i = 0; i < 3; i++)
        assert_int_equal(start("GET", "http://192.0.2.1/", NULL, &others[i]), WR_OK);
    run(5);
    assert_int_equal(first[0].status, 200);
    assert_string_equal(first[0].body, "ok");
    assert_int_equal(first[1].status, 200);
}

static enum wr_err follow_up_err;

static void on_done_ask_for_ever(void *ctx, enum wr_err err, int status, const char *body, size_t len)
{
    const struct wr_http_call get = {.method = "GET", .url = url, .deadline_ms = 700};
    follow_up_err = wr_http_client_call(client, &get, on_done_ask_for_ever, ctx);
    on_done(ctx, err, status, body, len);
}

TEST(what_a_callback_asks_while_closing_is_refused)
{
    struct result r = {0};
    const struct wr_http_call get = {.method = "GET", .url = url, .deadline_ms = 700};
    assert_int_equal(wr_http_client_call(client, &get, on_done_ask_for_ever, &r), WR_OK);
    awaited = 1;
    wr_http_client_close(client);
    client = NULL;
    assert_int_equal(r.calls, 1);
    assert_int_equal(follow_up_err, WR_ERR_BUSY);
}

TEST(closing_ends_what_is_under_way)
{
    struct result r[2];
    assert_int_equal(start("GET", url, NULL, &r[0]), WR_OK);
    assert_int_equal(start("GET", url, NULL, &r[1]), WR_OK);
    awaited = 2;
    wr_http_client_close(client);
    client = NULL;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(r[i].calls, 1);
        assert_int_equal(r[i].err, WR_ERR_NO_ANSWER);
    }
}

TEST(form_fields_are_escaped)
{
    struct wr_buf form = {0};
    wr_form_add(&form, "line_items[0][name]", "a&b =c+\xc3\xbc");
    wr_form_add(&form, "empty", "");
    assert_string_equal(form.at, "line_items%5B0%5D%5Bname%5D=a%26b%20%3Dc%2B%C3%BC&empty=");
    wr_buf_free(&form);
}
