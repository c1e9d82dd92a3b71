#include "net.h"
#include "clock.h"
#include "mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE 65536
#define KEPT_MAX (1 << 20)
#define NO_OWNER UINT32_MAX
#define EVENTS 512

enum state { FREE, CONNECTING, OPEN, IDLE };

struct bytes { /* what is left over; NULL: nothing */
    char *at;
    size_t len;
};

struct conn {
    int fd;
    enum state state;
    uint32_t
        life; /* rises with every close, so that an event for an earlier connection of this number is known */
    int target;
    uint32_t owner;
    uint32_t next, prev; /* of its target's idle list; `next` also of the free list */
    struct bytes in, out;
};

struct net {
    struct net_events events;
    int epoll;
    uint32_t conns_max, free;
    struct conn *conns;
    int targets;
    struct target target[TARGETS_MAX];
    bool stamped[TARGETS_MAX];
    uint64_t arrived_us; /* what is being read; 0: not stamped */
    uint32_t idle[TARGETS_MAX];
    uint8_t source_first, source_last, source;
    char buffer[READ_SIZE];
};

/* ---- targets ---- */
bool target_parse(struct target *out, const char *text, const char **path)
{
    if (strncmp(text, "http://", 7) == 0)
        text += 7;
    else if (strstr(text, "://"))
        return false; /* no TLS here */
    size_t len = strcspn(text, "/");
    if (!wr_copy_text(out->host, sizeof out->host, text, len) || !len)
        return false;
    if (path)
        *path = text + len;
    char name[80];
    strcpy(name, out->host);
    char *colon = strrchr(name, ':');
    if (colon)
        *colon++ = '\0';
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(name, colon ? colon : "80", &hints, &found) != 0)
        return false;
    memcpy(&out->address, found->ai_addr, sizeof out->address);
    freeaddrinfo(found);
    return true;
}

int net_target(struct net *net, const struct target *target)
{
    for (int i = 0; i < net->targets; i++)
        if (strcmp(net->target[i].host, target->host) == 0)
            return i;
    if (net->targets == TARGETS_MAX)
        return -1;
    net->target[net->targets] = *target;
    net->idle[net->targets] = NO_CONN;
    return net->targets++;
}

const char *net_host(const struct net *net, int target)
{
    return net->target[target].host;
}

void net_stamp(struct net *net, int target)
{
    net->stamped[target] = true;
}

/* ---- connections ---- */
static uint64_t event_id(const struct net *net, uint32_t id)
{
    return (uint64_t)net->conns[id].life << 32 | id;
}

struct net *net_new(uint32_t conns_max, const struct net_events *events)
{
    struct net *net = wr_alloc(sizeof *net);
    net->events = *events;
    net->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (net->epoll < 0) {
        perror("stampede: epoll");
        exit(2);
    }
    net->conns_max = conns_max;
    net->conns = wr_alloc(conns_max * sizeof *net->conns);
    for (uint32_t i = 0; i < conns_max; i++)
        net->conns[i] = (struct conn){.fd = -1, .next = i + 1 < conns_max ? i + 1 : NO_CONN};
    return net;
}

void net_sources(struct net *net, uint8_t first, uint8_t last)
{
    net->source_first = net->source = first;
    net->source_last = last;
}

static void keep(struct bytes *b, const char *bytes, size_t len)
{
    b->at = wr_realloc(b->at, b->len + len);
    memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

static void drop(struct bytes *b)
{
    free(b->at);
    *b = (struct bytes){0};
}

static void link_idle(struct net *net, uint32_t id)
{
    struct conn *c = &net->conns[id];
    c->prev = NO_CONN;
    c->next = net->idle[c->target];
    if (c->next != NO_CONN)
        net->conns[c->next].prev = id;
    net->idle[c->target] = id;
}

static void unlink_idle(struct net *net, uint32_t id)
{
    const struct conn *c = &net->conns[id];
    if (c->next != NO_CONN)
        net->conns[c->next].prev = c->prev;
    if (c->prev != NO_CONN)
        net->conns[c->prev].next = c->next;
    else
        net->idle[c->target] = c->next;
}

void net_close(struct net *net, uint32_t id)
{
    struct conn *c = &net->conns[id];
    if (c->state == IDLE)
        unlink_idle(net, id);
    close(c->fd);
    drop(&c->in);
    drop(&c->out);
    *c = (struct conn){.fd = -1, .life = c->life + 1, .next = net->free};
    net->free = id;
}

static void lost(struct net *net, uint32_t id)
{
    uint32_t owner = net->conns[id].owner;
    net_close(net, id);
    if (owner != NO_OWNER)
        net->events.on_closed(net->events.ctx, id, owner);
}

/* Many sockets from one address need more ports than it has; the port is chosen at connect(), per
 * destination. */
static void bind_source(struct net *net, int fd)
{
    if (!net->source_first)
        return;
    int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u + net->source)};
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0)
        perror("stampede: source address");
    net->source = net->source == net->source_last ? net->source_first : net->source + 1;
}

static int dial(struct net *net, int target)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (net->stamped[target])
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    bind_source(net, fd);
    const struct sockaddr_in *to = &net->target[target].address;
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) < 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

uint32_t net_idle(struct net *net, int target, uint32_t owner)
{
    uint32_t id = net->idle[target];
    if (id == NO_CONN)
        return NO_CONN;
    unlink_idle(net, id);
    struct conn *c = &net->conns[id];
    c->state = OPEN;
    c->owner = owner;
    return id;
}

uint32_t net_open(struct net *net, int target, uint32_t owner)
{
    uint32_t id = net->free;
    int fd = id == NO_CONN ? -1 : dial(net, target);
    if (fd < 0)
        return NO_CONN;
    struct conn *c = &net->conns[id];
    net->free = c->next;
    *c = (struct conn){.fd = fd, .state = CONNECTING, .life = c->life, .target = target, .owner = owner};
    /* Edge-triggered, once for the connection's life: no call to change what is waited for. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.u64 = event_id(net, id)};
    epoll_ctl(net->epoll, EPOLL_CTL_ADD, fd, &event);
    return id;
}

bool net_send(struct net *net, uint32_t id, const void *bytes, size_t len)
{
    struct conn *c = &net->conns[id];
    ssize_t sent = 0;
    if (!c->out.at) {
        sent = send(c->fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            net_close(net, id);
            return false;
        }
        if (sent < 0)
            sent = 0;
    }
    if ((size_t)sent < len)
        keep(&c->out, (const char *)bytes + sent, len - (size_t)sent);
    return true;
}

bool net_has_more(const struct net *net, uint32_t id)
{
    char byte;
    return recv(net->conns[id].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void net_release(struct net *net, uint32_t id)
{
    struct conn *c = &net->conns[id];
    if (c->in.at || c->out.at) { /* more came than was asked for: not to be trusted with another request */
        net_close(net, id);
        return;
    }
    c->state = IDLE;
    c->owner = NO_OWNER;
    link_idle(net, id);
}

void net_mute(struct net *net, uint32_t id)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.u64 = event_id(net, id)};
    epoll_ctl(net->epoll, EPOLL_CTL_MOD, net->conns[id].fd, &event);
}

/* ---- events ---- */
static bool flush(struct net *net, uint32_t id)
{
    struct conn *c = &net->conns[id];
    ssize_t sent = send(c->fd, c->out.at, c->out.len, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN;
    c->out.len -= (size_t)sent;
    memmove(c->out.at, c->out.at + sent, c->out.len);
    if (!c->out.len)
        drop(&c->out);
    return true;
}

/* Gives the owner all that is there; keeps what it did not take. False: the connection is gone. */
static bool deliver(struct net *net, uint32_t id, size_t len)
{
    struct conn *c = &net->conns[id];
    uint32_t life = c->life;
    char *bytes = net->buffer;
    if (c->in.at) {
        keep(&c->in, net->buffer, len);
        bytes = c->in.at;
        len = c->in.len;
    }
    struct bytes kept =
        c->in; /* the owner may close the connection: then this is freed with it, so take it out first */
    c->in = (struct bytes){0};
    long taken = net->events.on_data(net->events.ctx, id, c->owner, bytes, len);
    bool same = c->life == life;
    bool left_over = taken >= 0 && (size_t)taken < len;
    if (same && (taken < 0 || len - (size_t)taken > KEPT_MAX || (left_over && c->state == IDLE))) {
        drop(&kept);
        lost(net, id);
        return false;
    }
    if (same && left_over)
        keep(&c->in, bytes + taken, len - (size_t)taken);
    drop(&kept);
    return same;
}

/* The stamp is of the wall clock; a step of it between arrival and now would be one of the answer's time. */
static uint64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec stamp, now;
        memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
        clock_gettime(CLOCK_REALTIME, &now);
        int64_t ago_us = (now.tv_sec - stamp.tv_sec) * 1000000 + (now.tv_nsec - stamp.tv_nsec) / 1000;
        return wr_mono_us() - (uint64_t)(ago_us > 0 ? ago_us : 0);
    }
    return 0;
}

static ssize_t read_some(struct net *net, const struct conn *c)
{
    net->arrived_us = 0;
    if (!net->stamped[c->target])
        return recv(c->fd, net->buffer, sizeof net->buffer, 0);
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec into = {net->buffer, sizeof net->buffer};
    struct msghdr message = {
        .msg_iov = &into, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(c->fd, &message, 0);
    if (n > 0)
        net->arrived_us = stamp_of(&message);
    return n;
}

uint64_t net_arrived_us(const struct net *net)
{
    return net->arrived_us ? net->arrived_us : wr_mono_us();
}

static bool opened(struct net *net, uint32_t id)
{
    struct conn *c = &net->conns[id];
    uint32_t life = c->life;
    c->state = OPEN;
    net->events.on_open(net->events.ctx, id, c->owner);
    return c->life == life;
}

/* False: it is not open yet, or gone. */
static bool connected(struct net *net, uint32_t id, uint32_t events)
{
    if (net->conns[id].state != CONNECTING)
        return true;
    if (events & (EPOLLERR | EPOLLHUP)) {
        lost(net, id);
        return false;
    }
    return (events & EPOLLOUT) && opened(net, id);
}

/* To the end of what there is: the next event comes only with more. */
static void read_all(struct net *net, uint32_t id, uint32_t events)
{
    struct conn *c = &net->conns[id];
    for (;;) {
        ssize_t n = read_some(net, c);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0 || c->state == IDLE) { /* an idle one has nothing to say */
            lost(net, id);
            return;
        }
        if (!deliver(net, id, (size_t)n))
            return;
        if ((size_t)n < sizeof net->buffer && !(events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)))
            return;
    }
}

static void on_event(struct net *net, uint32_t id, uint32_t events)
{
    if (!connected(net, id, events))
        return;
    if ((events & EPOLLOUT) && net->conns[id].out.at && !flush(net, id))
        lost(net, id);
    else if (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))
        read_all(net, id, events);
}

void net_poll(struct net *net, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(net->epoll, events, EVENTS, timeout_ms);
    for (int i = 0; i < n; i++)
        if (net->conns[(uint32_t)events[i].data.u64].life == events[i].data.u64 >> 32)
            on_event(net, (uint32_t)events[i].data.u64, events[i].events);
}
