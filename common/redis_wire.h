/* redis_wire.h - one RESP2 connection, for redis.c and redis_subscriber.c alone. Owns hiredis.
 *
 * Of hiredis only the formatter, the buffers and the reply parser are used. Its asynchronous layer is not:
 * freeing a context inside its connect and disconnect callbacks is fatal, it has no deadlines, and its
 * subscription dispatch hands the answer of a PING to whichever callback came before.
 *
 * on_reply may call every function here, wr_wire_close() too. on_lost comes once, with the wire closed
 * already. Neither is ever called from inside one of these functions. */
#ifndef WR_REDIS_WIRE_H
#define WR_REDIS_WIRE_H
#include "err.h"
#include "host_port.h"
#include "loop.h"
#include <stdbool.h>
#include <stddef.h>

struct wr_reply;
struct redisContext;

struct wr_wire_address {
    char path[108]; /* of a Unix socket; "": ip and port */
    char ip[WR_HOST_MAX];
    int port;
};
/* "127.0.0.1:7086", "[::1]:7086" or "/path": no names, because looking one up would block the loop. */
enum wr_err wr_wire_address_parse(struct wr_wire_address *out, const char *text) WR_MUST_CHECK;

struct wr_wire {
    struct redisContext *c; /* NULL: closed */
    struct wr_watch *watch;
    bool writing;
    struct wr_loop *loop;
    void (*on_reply)(void *ctx, const struct wr_reply *reply); /* borrowed */
    void (*on_lost)(void *ctx, const char *why);
    void *ctx;
};
/* False: not even begun. True: under way, and what is sent meanwhile goes out when it stands. */
bool wr_wire_open(struct wr_wire *w, const struct wr_wire_address *address);
void wr_wire_send(struct wr_wire *w, size_t count, const char *const *args, const size_t *lens);
void wr_wire_close(struct wr_wire *w); /* on_lost does not come; closed already: nothing */

#endif
