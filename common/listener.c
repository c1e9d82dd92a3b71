#include "listener.h"
#include "log.h"
#include "mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 32, BACKLOG = 16384, RETRY_MS = 100 };

struct wr_listener {
    struct wr_watch *watch;
    struct wr_timer *retry;
    wr_accept_cb *on_accept;
    void *ctx;
    int fd, fd_max; /* the highest descriptor a connection may have */
};

static bool split(const char *address, char host[64], char port[8])
{
    const char *colon = strrchr(address, ':');
    if (!colon || !wr_copy_text(port, 8, colon + 1, strlen(colon + 1)) || !*port)
        return false;
    size_t len = (size_t)(colon - address);
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']')
        return wr_copy_text(host, 64, address + 1, len - 2);
    return wr_copy_text(host, 64, address, len);
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
    char host[64], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (!split(address, host, port) || getaddrinfo(*host ? host : NULL, port, &hints, &found)) {
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

static void pause_accepting(struct wr_listener *l, const char *why)
{
    wr_warn("not accepting for now", "why=\"%s\"", why);
    wr_watch_set(l->watch, 0);
    wr_timer_start(l->retry, RETRY_MS, 0);
}

/* The lowest free descriptor is what the next accept would get. */
static void on_retry(void *ctx)
{
    struct wr_listener *l = ctx;
    int probe = dup(l->fd);
    if (probe >= 0)
        close(probe);
    if (probe < 0 || probe > l->fd_max)
        wr_timer_start(l->retry, RETRY_MS, 0);
    else
        wr_watch_set(l->watch, WR_READABLE);
}

static void on_readable(void *ctx, int events)
{
    struct wr_listener *l = ctx;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(l, strerror(errno));
            if (errno == ECONNABORTED || errno == EINTR)
                continue;
            return;
        }
        char peer[INET6_ADDRSTRLEN];
        peer_text(&from, peer);
        l->on_accept(l->ctx, fd, peer);
        if (fd >= l->fd_max) {
            pause_accepting(l, "few descriptors left");
            return;
        }
    }
}

enum wr_err wr_listener_open(struct wr_listener **out, struct wr_loop *loop, const char *address,
                             wr_accept_cb *on_accept, void *ctx)
{
    int fd = listen_on(address);
    if (fd < 0)
        return WR_ERR_INVALID;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    struct wr_listener *l = wr_alloc(sizeof *l);
    l->fd = fd;
    l->fd_max = limit.rlim_cur > INT32_MAX ? INT32_MAX : (int)limit.rlim_cur - WR_LISTENER_SPARE;
    l->on_accept = on_accept;
    l->ctx = ctx;
    l->retry = wr_timer_new(loop, on_retry, l);
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

void wr_listener_close(struct wr_listener *l)
{
    if (!l)
        return;
    wr_timer_free(l->retry);
    wr_watch_free(l->watch);
    close(l->fd);
    free(l);
}
