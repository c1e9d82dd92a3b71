#include "listener.h"
#include "host_port.h"
#include "log.h"
#include "mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Accepting must outrun a storm: who comes for a socket is known only here, and in the kernel's queue would wait behind
 * thousands who come for a session. */
enum {
    ACCEPTS_A_TURN = 512,
    STARTS_A_TURN = 16,
    LOOKED_AT = 4096,
    BACKLOG = 16384,
    RETRY_MS = 100,
    SPARE_MS = 1000
};

struct arrival {
    int fd;
    char peer[INET6_ADDRSTRLEN];
};
struct queue {
    struct arrival *at; /* those from `first` to `count`, in order */
    size_t first, count, cap;
};
struct wr_listener {
    struct wr_watch *watch;
    struct wr_timer *retry;
    struct wr_loop *loop;
    wr_accept_cb *on_accept;
    wr_scarce_cb *on_scarce;
    void *ctx;
    int fd, fd_max;                        /* the highest descriptor a connection may have */
    uint64_t spared_ms;                    /* when on_scarce() was last called */
    struct queue unknown, sockets, others; /* who wait for their turn: have sent nothing yet, ask with GET, and the rest */
    bool deferred, closed;                 /* start_some() will run; it frees then */
};

static size_t length(const struct queue *q)
{
    return q->count - q->first;
}

static void add(struct queue *q, struct arrival a)
{
    if (q->count == q->cap && q->first > q->cap / 2) {
        q->count -= q->first;
        memmove(q->at, q->at + q->first, q->count * sizeof *q->at);
        q->first = 0;
    }
    if (q->count == q->cap) {
        q->cap = q->cap ? 2 * q->cap : STARTS_A_TURN;
        q->at = wr_realloc(q->at, q->cap * sizeof *q->at);
    }
    q->at[q->count++] = a;
}

static bool take(struct queue *q, struct arrival *out)
{
    if (!length(q))
        return false;
    *out = q->at[q->first++];
    if (q->first == q->count)
        q->first = q->count = 0;
    return true;
}

static int bind_socket(const struct addrinfo *ai)
{
    int on = 1;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted sockets inherit it */
    if (!bind(fd, ai->ai_addr, ai->ai_addrlen) && !listen(fd, BACKLOG))
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int listen_on(const char *address)
{
    char host[WR_HOST_MAX], port[8] = "";
    int number;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (wr_host_port(address, host, &number))
        snprintf(port, sizeof port, "%d", number);
    if (!*port || getaddrinfo(*host ? host : NULL, port, &hints, &found)) {
        wr_error("listen address not understood", "address=\"%s\" form=\"127.0.0.1:7081\"", address);
        return -1;
    }
    int fd = bind_socket(found);
    if (fd < 0)
        wr_error("cannot listen", "address=\"%s\" why=\"%s\"", address, strerror(errno));
    freeaddrinfo(found);
    return fd;
}

static void peer_text(const struct sockaddr_storage *from, char out[INET6_ADDRSTRLEN])
{
    const void *at = from->ss_family == AF_INET6
                         ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
                         : (const void *)&((const struct sockaddr_in *)from)->sin_addr;
    if (!inet_ntop(from->ss_family, at, out, INET6_ADDRSTRLEN))
        strcpy(out, "0.0.0.0");
}

/* Looking through all connections is not for every accept. */
static void spare(struct wr_listener *l)
{
    uint64_t now = wr_loop_now_ms(l->loop);
    if (now - l->spared_ms < SPARE_MS)
        return;
    l->spared_ms = now;
    l->on_scarce(l->ctx);
}

static void pause_accepting(struct wr_listener *l, const char *why)
{
    wr_warn("not accepting for now", "why=\"%s\"", why);
    wr_watch_set(l->watch, 0);
    wr_timer_start(l->retry, RETRY_MS, 0);
    spare(l);
}

/* The lowest free descriptor is what the next accept would get. */
static void on_retry(void *ctx)
{
    struct wr_listener *l = ctx;
    int probe = dup(l->fd);
    if (probe >= 0)
        close(probe);
    if (probe >= 0 && probe <= l->fd_max) {
        wr_watch_set(l->watch, WR_READABLE);
        return;
    }
    wr_timer_start(l->retry, RETRY_MS, 0);
    spare(l);
}

/* ---- arrivals ---- */

static void start_next_turn(void *ctx);

static bool asks_with_get(int fd)
{
    char first;
    return recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first == 'G';
}

/* One call asks about all of whom nothing is known; the oldest of too many take their turn without. */
static void sort_out(struct wr_listener *l)
{
    struct queue *q = &l->unknown;
    struct pollfd asked[LOOKED_AT];
    for (struct arrival a; length(q) > LOOKED_AT && take(q, &a);)
        add(&l->others, a);
    size_t n = length(q), kept = q->first;
    for (size_t i = 0; i < n; i++)
        asked[i] = (struct pollfd){.fd = q->at[q->first + i].fd, .events = POLLIN};
    if (poll(asked, n, 0) <= 0)
        return;
    for (size_t i = 0; i < n; i++) {
        struct arrival a = q->at[q->first + i];
        if (!asked[i].revents)
            q->at[kept++] = a;
        else
            add(asks_with_get(a.fd) ? &l->sockets : &l->others, a);
    }
    q->count = kept;
}

/* A shopper comes twice: for a session (POST), then for the socket (GET). In one queue everybody's second time would wait
 * behind everybody's first, and nobody would stand in the line before all had a session. */
static void start_some(struct wr_listener *l)
{
    struct arrival a;
    if (length(&l->unknown) + length(&l->sockets) + length(&l->others) > STARTS_A_TURN)
        sort_out(l);
    for (int i = 0; i < STARTS_A_TURN && take(&l->sockets, &a); i++)
        l->on_accept(l->ctx, a.fd, a.peer);
    for (int i = 0; i < STARTS_A_TURN && (take(&l->others, &a) || take(&l->unknown, &a)); i++)
        l->on_accept(l->ctx, a.fd, a.peer);
    if (!l->deferred && length(&l->unknown) + length(&l->sockets) + length(&l->others)) {
        l->deferred = true;
        wr_loop_defer(l->loop, start_next_turn, l);
    }
}

static void start_next_turn(void *ctx)
{
    struct wr_listener *l = ctx;
    l->deferred = false;
    if (l->closed)
        free(l);
    else
        start_some(l);
}

/* False: there is nobody more, or no room. */
static bool accept_some(struct wr_listener *l)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        struct arrival a;
        int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(l, strerror(errno));
            if (errno == ECONNABORTED || errno == EINTR)
                continue;
            return false;
        }
        a.fd = fd;
        peer_text(&from, a.peer);
        add(&l->unknown, a);
        if (fd >= l->fd_max / 2)
            spare(l);
        if (fd >= l->fd_max) {
            pause_accepting(l, "few descriptors left");
            return false;
        }
    }
    return true;
}

static void on_readable(void *ctx, int events)
{
    struct wr_listener *l = ctx;
    (void)events;
    accept_some(l);
    if (!l->deferred)
        start_some(l);
}

/* ---- life ---- */

enum wr_err wr_listener_open(struct wr_listener **out, struct wr_loop *loop, const char *address,
                             wr_accept_cb *on_accept, wr_scarce_cb *on_scarce, void *ctx)
{
    int fd = listen_on(address);
    if (fd < 0)
        return WR_ERR_INVALID;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        abort(); /* these arguments are good */
    struct wr_listener *l = wr_alloc(sizeof *l);
    l->fd = fd;
    l->fd_max = limit.rlim_cur > INT32_MAX ? INT32_MAX : (int)limit.rlim_cur - WR_LISTENER_SPARE;
    l->on_accept = on_accept;
    l->on_scarce = on_scarce;
    l->ctx = ctx;
    l->retry = wr_timer_new(loop, on_retry, l);
    l->loop = loop;
    l->watch = wr_watch_new(loop, fd, on_readable, l);
    wr_watch_set(l->watch, WR_READABLE);
    *out = l;
    return WR_OK;
}

int wr_listener_port(const struct wr_listener *l)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(l->fd, (struct sockaddr *)&at, &len))
        return 0;
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                          : ((struct sockaddr_in *)&at)->sin_port);
}

static bool take_any(struct wr_listener *l, struct arrival *out)
{
    return take(&l->sockets, out) || take(&l->others, out) || take(&l->unknown, out);
}

void wr_listener_drain(struct wr_listener *l)
{
    for (int n = 0; n < BACKLOG && accept_some(l); n += ACCEPTS_A_TURN)
        ;
    for (struct arrival a; take_any(l, &a);)
        l->on_accept(l->ctx, a.fd, a.peer);
}

void wr_listener_close(struct wr_listener *l)
{
    if (!l)
        return;
    for (struct arrival a; take_any(l, &a);)
        close(a.fd);
    wr_timer_free(l->retry);
    wr_watch_free(l->watch);
    close(l->fd);
    free(l->unknown.at);
    free(l->sockets.at);
    free(l->others.at);
    l->closed = true;
    if (!l->deferred)
        free(l);
}
