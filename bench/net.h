/* net.h - the connections of one process: non-blocking TCP, edge-triggered epoll, no allocation while nothing
 * is left over of a read or a write.
 *
 * A connection belongs to a shopper (HTTP while a request is under way, or a WebSocket) or lies idle and is
 * used for the next request to the same target. */
#ifndef BENCH_NET_H
#define BENCH_NET_H
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARGETS_MAX 64
#define NO_CONN UINT32_MAX

struct target {    /* where to connect */
    char host[80]; /* "127.0.0.1:7081": also the Host header */
    struct sockaddr_in address;
};
/* "host:port" or "http://host[:port][/path]"; false when it is neither or has no address. `path` (may be
 * NULL) is what follows the host, borrowed; "" when nothing does. */
bool target_parse(struct target *out, const char *text, const char **path);

struct net;
struct net_events {
    void (*on_open)(void *ctx, uint32_t conn, uint32_t owner);
    /* Returns how many bytes it took from the start; the rest comes again with what follows. -1: broken,
     * close it. */
    long (*on_data)(void *ctx, uint32_t conn, uint32_t owner, char *bytes, size_t len);
    void (*on_closed)(void *ctx, uint32_t conn, uint32_t owner); /* by the other side, or never opened */
    void *ctx;
};
struct net *net_new(uint32_t conns_max, const struct net_events *events);
/* Connect from 127.0.0.first to 127.0.0.last in turn; 0: as the system likes. */
void net_sources(struct net *net, uint8_t first, uint8_t last);
/* -1 when there are too many targets. Equal ones have one number. */
int net_target(struct net *net, const struct target *target);
const char *net_host(const struct net *net, int target);
/* What comes from this target is stamped by the kernel as it arrives. A crowd on its servers' own processors reads late,
 * and an answer is not slow because of that. Before the first connection. */
void net_stamp(struct net *net, int target);
uint64_t net_arrived_us(const struct net *net); /* within on_data: when it came (monotonic); now, if not stamped */

uint32_t net_idle(struct net *net, int target, uint32_t owner); /* one that stands already; NO_CONN: none */
/* A new one: on_open or on_closed comes later. NO_CONN: refused at once, or no descriptor is left. */
uint32_t net_open(struct net *net, int target, uint32_t owner);
bool net_send(struct net *net, uint32_t conn, const void *bytes, size_t len); /* false: it is closed now */
/* Something has come that was not read yet: a late reader looks before it calls the other side late. */
bool net_has_more(const struct net *net, uint32_t conn);
void net_release(struct net *net, uint32_t conn); /* lies idle until it is used again */
void net_close(struct net *net, uint32_t conn);   /* on_closed does not come */
void net_mute(struct net *net, uint32_t conn);    /* nothing is read any more; only its end is told */
void net_poll(struct net *net, int timeout_ms);

#endif
