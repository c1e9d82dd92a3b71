/* connection.c - one HTTP/1.1 connection.
 *
 *            first byte        head complete     body complete
 *   IDLE ---------------> HEAD ------------> BODY -----------> HANDLING --answer--> WRITING
 *    ^                      \________no body__________________^                       |
 *    +--------------------------keep-alive, all written-------------------------------+
 *                                                        close: LINGER -> CLOSED  <---+
 *
 * Each state has one absolute deadline, so neither a slow head, a slow body nor a slow reader holds a
 * connection for longer. What a client sends ahead of the answer stays in the kernel (reading pauses), at
 * most one buffer of it here. */
#include "http_private.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum state { IDLE, HEAD, BODY, HANDLING, WRITING, LINGER, CLOSED };
enum { FIRST_READ = 2048, LINGER_BYTES = 262144 };

struct wr_conn {
    struct wr_http *http;
    struct wr_conn *prev, *next;
    struct wr_watch *watch; /* made when first waited for */
    struct wr_deadline deadline;
    int fd; /* -1: given away */
    enum state state;
    int inside; /* a call on this connection is on the stack: freeing waits for its end */
    bool keep_alive;
    uint64_t idle_ms; /* since when, while IDLE */
    char *in; /* bytes read and not yet part of a request */
    size_t in_len, in_cap, in_seen;
    struct wr_request *req;
    char *out; /* what is left of the answer */
    size_t out_len, out_at, lingered;
    char peer[WR_ADDRESS_LEN];
};

static void on_event(void *ctx, int events);
static void on_deadline(struct wr_deadline *d);
static bool refuse(struct wr_conn *c, enum wr_err err, const char *why);
static void advance(struct wr_conn *c);

/* ---- life ---- */

static void free_conn(struct wr_conn *c)
{
    struct wr_http *http = c->http;
    if (c->prev)
        c->prev->next = c->next;
    else
        http->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    http->conn_count--;
    free(c->in);
    free(c->out);
    free(c);
}

static void enter(struct wr_conn *c)
{
    c->inside++;
}

static void leave(struct wr_conn *c)
{
    if (!--c->inside && c->state == CLOSED)
        free_conn(c);
}

static void wait_for(struct wr_conn *c, int events)
{
    if (!c->watch)
        c->watch = wr_watch_new(c->http->loop, c->fd, on_event, c);
    wr_watch_set(c->watch, events);
}

static uint64_t time_allowed(const struct wr_conn *c)
{
    switch (c->state) {
    case HEAD:
        return (uint64_t)c->http->config.header_deadline_ms;
    case BODY:
        return (uint64_t)c->http->config.body_deadline_ms;
    case HANDLING:
        return (uint64_t)c->http->config.answer_deadline_ms;
    case WRITING:
        return WR_WRITE_MS;
    case LINGER:
        return WR_LINGER_MS;
    default:
        return WR_KEEPALIVE_MS;
    }
}

static void set_state(struct wr_conn *c, enum state state)
{
    c->state = state;
    if (state != CLOSED) {
        wr_http_deadline(c->http, &c->deadline, time_allowed(c));
        return;
    }
    wr_wheel_clear(&c->http->wheel, &c->deadline);
    wr_watch_free(c->watch);
    c->watch = NULL;
    if (c->fd >= 0)
        close(c->fd);
    if (c->req) {
        c->req->conn = NULL; /* its handler still holds it */
        c->req = NULL;
    }
}

static void close_conn(struct wr_conn *c)
{
    /* A request that no handler has seen yet is ours to free. */
    struct wr_request *unseen = c->state == BODY ? c->req : NULL;
    enter(c);
    if (c->state != CLOSED)
        set_state(c, CLOSED);
    wr_request_free(unseen);
    leave(c);
}

static void on_deadline(struct wr_deadline *d)
{
    struct wr_conn *c = (struct wr_conn *)((char *)d - offsetof(struct wr_conn, deadline));
    if ((c->state == HEAD && c->in_len) || c->state == BODY) {
        refuse(c, WR_ERR_TIMEOUT, NULL);
    } else if (c->state == HANDLING && c->req) {
        c->req->conn = NULL; /* its handler goes on; what it answers, nobody hears */
        c->req = NULL;
        refuse(c, WR_ERR_NO_ANSWER, NULL);
    } else {
        close_conn(c);
    }
}

void wr_conn_accept(void *ctx, int fd, const char *peer)
{
    struct wr_http *http = ctx;
    struct wr_conn *c = wr_alloc(sizeof *c);
    c->http = http;
    c->fd = fd;
    c->deadline.on_due = on_deadline;
    c->keep_alive = true;
    wr_copy_text(c->peer, sizeof c->peer, peer, strlen(peer));
    c->next = http->conns;
    if (c->next)
        c->next->prev = c;
    http->conns = c;
    http->conn_count++;
    set_state(c, HEAD);
    on_event(c, WR_READABLE); /* who waited for its turn has mostly sent its request: no waiting, no watch */
}

int wr_conn_release(struct wr_conn *c)
{
    int fd = c->fd;
    enter(c);
    wr_watch_free(c->watch);
    c->watch = NULL;
    c->fd = -1;
    c->req = NULL;
    set_state(c, CLOSED);
    leave(c);
    return fd;
}

bool wr_conn_has_more(const struct wr_conn *c)
{
    return c->in_len > 0;
}

bool wr_conn_abandoned(const struct wr_conn *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0;
}

void wr_conn_drop(struct wr_conn *c)
{
    struct wr_request *req = c->req;
    close_conn(c);
    wr_request_free(req);
}

void wr_conn_evict_idle(void *ctx)
{
    struct wr_http *http = ctx;
    uint64_t now = wr_loop_now_ms(http->loop);
    for (struct wr_conn *c = http->conns, *next; c; c = next) {
        next = c->next;
        if (c->state == IDLE && now - c->idle_ms >= WR_EVICT_MS)
            close_conn(c);
    }
}

void wr_conn_close_idle(struct wr_http *http)
{
    for (struct wr_conn *c = http->conns, *next; c; c = next) {
        next = c->next;
        c->keep_alive = false;
        if (c->state == IDLE)
            close_conn(c);
    }
}

void wr_conn_close_all(struct wr_http *http)
{
    while (http->conns)
        close_conn(http->conns);
}

/* ---- reading ---- */

/* How much may be read now: the body to its last byte, never into the next request; of a head, one buffer. */
static size_t room(struct wr_conn *c, char **at)
{
    if (c->state == BODY) {
        *at = c->req->body + c->req->body_len;
        return c->req->head.content_length - c->req->body_len;
    }
    if (c->in_len == c->in_cap) {
        c->in_cap = c->in_cap ? WR_HEAD_MAX : FIRST_READ;
        c->in = wr_realloc(c->in, c->in_cap);
    }
    *at = c->in + c->in_len;
    return c->in_cap - c->in_len;
}

static void read_more(struct wr_conn *c)
{
    char *at;
    size_t cap = room(c, &at);
    ssize_t n = recv(c->fd, at, cap, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_conn(c);
        return;
    }
    if (c->state == BODY)
        c->req->body_len += (size_t)n;
    else
        c->in_len += (size_t)n;
}

static struct wr_request *new_request(struct wr_conn *c)
{
    struct wr_request *req = wr_alloc(sizeof *req);
    req->http = c->http;
    req->conn = c;
    req->head.method = "GET";
    req->head.target = "/";
    memcpy(req->client, c->peer, sizeof req->client);
    c->req = req;
    return req;
}

/* Refuses what is no request: nothing that follows on this connection can be trusted. */
static bool refuse(struct wr_conn *c, enum wr_err err, const char *why)
{
    struct wr_request *req = c->req ? c->req : new_request(c);
    req->close = true;
    set_state(c, HANDLING);
    wr_answer_problem(req, err, why, 0);
    return false;
}

/* Moves the buffer with the head into the request; bytes behind it start the body, then the next request. */
static void take_rest(struct wr_conn *c, struct wr_request *req, size_t head_len)
{
    size_t rest = c->in_len - head_len, length = req->head.content_length;
    size_t of_body = rest < length ? rest : length;
    if (length) {
        req->body = wr_alloc(length + 1);
        memcpy(req->body, c->in + head_len, of_body);
        req->body_len = of_body;
    }
    rest -= of_body;
    char *next = NULL;
    if (rest)
        next = memcpy(wr_alloc(WR_HEAD_MAX), c->in + head_len + of_body, rest);
    req->bytes = c->in;
    c->in = next;
    c->in_len = rest;
    c->in_cap = next ? WR_HEAD_MAX : 0;
    c->in_seen = 0;
}

/* RFC 9112, 2.2: empty lines before a request are to be ignored. False: half of one may be all there is. */
static bool skip_empty_lines(struct wr_conn *c)
{
    size_t blank = 0;
    while (blank + 2 <= c->in_len && !memcmp(c->in + blank, "\r\n", 2))
        blank += 2;
    memmove(c->in, c->in + blank, c->in_len -= blank);
    return c->in_len != 1 || c->in[0] != '\r';
}

static void ask_for_body(struct wr_conn *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct wr_head *head = &c->req->head;
    if (head->expects_continue && c->req->body_len < head->content_length &&
        send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL) != sizeof go_on - 1)
        close_conn(c);
}

static bool read_head(struct wr_conn *c)
{
    if (!c->in_seen && !skip_empty_lines(c))
        return false;
    if (!wr_head_plausible(c->in, c->in_len))
        return refuse(c, WR_ERR_MALFORMED, "This is not HTTP/1.1.");
    size_t len = wr_head_end(c->in, c->in_len, c->in_seen);
    c->in_seen = c->in_len;
    if (!len)
        return c->in_len < WR_HEAD_MAX ? false : refuse(c, WR_ERR_HEADERS, NULL);
    const char *why;
    struct wr_request *req = new_request(c);
    enum wr_err err = wr_head_parse(c->in, len, &req->head, &why);
    if (!err && req->head.content_length > WR_BODY_MAX)
        err = WR_ERR_TOO_LARGE, why = NULL;
    if (err) {
        req->head = (struct wr_head){.method = "GET", .target = "/"};
        return refuse(c, err, why);
    }
    take_rest(c, req, len);
    c->keep_alive = c->keep_alive && req->head.keep_alive;
    set_state(c, HANDLING);
    if (wr_dispatch_head(req)) {
        set_state(c, BODY);
        ask_for_body(c);
    }
    return true;
}

static bool step(struct wr_conn *c)
{
    switch (c->state) {
    case IDLE:
        if (c->in_len)
            set_state(c, HEAD);
        return c->in_len > 0;
    case HEAD:
        return c->in_len ? read_head(c) : false;
    case BODY:
        if (c->req->body_len < c->req->head.content_length)
            return false;
        set_state(c, HANDLING);
        wr_dispatch(c->req);
        return true;
    default:
        return false;
    }
}

/* Goes on as far as what has been read allows. Answers given meanwhile do not come back here: they only set
 * the state. */
static void advance(struct wr_conn *c)
{
    while (step(c))
        continue;
    if (c->state == IDLE || c->state == HEAD || c->state == BODY)
        wait_for(c, WR_READABLE);
}

/* ---- writing ---- */

static void answered(struct wr_conn *c)
{
    free(c->out);
    c->out = NULL;
    if (c->keep_alive) {
        c->idle_ms = wr_loop_now_ms(c->http->loop);
        set_state(c, IDLE);
        return;
    }
    shutdown(c->fd, SHUT_WR);
    set_state(c, LINGER);
    wait_for(c, WR_READABLE);
}

static void flush(struct wr_conn *c)
{
    ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        close_conn(c);
        return;
    }
    c->out_at += (size_t)n;
    if (c->out_at == c->out_len)
        answered(c);
}

/* Keeps what the socket did not take. */
static void keep_rest(struct wr_conn *c, struct iovec parts[2], size_t sent)
{
    c->out_len = parts[0].iov_len + parts[1].iov_len - sent;
    c->out_at = 0;
    c->out = wr_alloc(c->out_len);
    size_t at = 0;
    for (int i = 0; i < 2; i++) {
        size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        sent -= skip;
        if (parts[i].iov_len > skip)
            memcpy(c->out + at, (char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
        at += parts[i].iov_len - skip;
    }
}

void wr_conn_answer(struct wr_conn *c, struct wr_buf *head, const void *body, size_t len, bool keep_alive)
{
    struct iovec parts[2] = {{head->at, head->len}, {(void *)(uintptr_t)body, len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = len ? 2 : 1};
    enter(c);
    c->req = NULL;
    c->keep_alive = c->keep_alive && keep_alive;
    ssize_t sent = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        close_conn(c);
    } else if (sent == (ssize_t)(head->len + len)) {
        answered(c);
    } else {
        keep_rest(c, parts, sent < 0 ? 0 : (size_t)sent);
        set_state(c, WRITING);
        wait_for(c, WR_WRITABLE);
    }
    if (c->inside == 1)
        advance(c); /* a late answer: whatever the client sent meanwhile is next */
    leave(c);
}

/* ---- events ---- */

static void discard(struct wr_conn *c)
{
    char bin[4096];
    ssize_t n = recv(c->fd, bin, sizeof bin, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    c->lingered += n > 0 ? (size_t)n : 0;
    if (n <= 0 || c->lingered > LINGER_BYTES)
        close_conn(c);
}

static void on_event(void *ctx, int events)
{
    struct wr_conn *c = ctx;
    (void)events;
    enter(c);
    if (c->state == HANDLING)
        wr_watch_set(c->watch, 0);
    else if (c->state == WRITING)
        flush(c);
    else if (c->state == LINGER)
        discard(c);
    else
        read_more(c);
    advance(c);
    leave(c);
}
