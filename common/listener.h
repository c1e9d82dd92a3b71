/* listener.h - a listening TCP socket of this process's own (SO_REUSEPORT), on the loop.
 *
 * Connections are accepted as they come, and started at most 32 a turn, 16 that ask with GET and 16
 * others, each in the order in which they asked: a storm of new ones neither starves those that are
 * there nor overflows the kernel's queue, whose drops cost a client seconds (net.core.somaxconn is 4,096 by
 * default). When only WR_LISTENER_SPARE descriptors are left it stops, and goes on when some are free again: a
 * full table of descriptors neither spins nor stops the process from opening what it needs. */
#ifndef WR_LISTENER_H
#define WR_LISTENER_H
#include "err.h"
#include "loop.h"

enum { WR_LISTENER_SPARE = 64 };

struct wr_listener;
/* `fd` is the callback's; `peer` is a numeric address, borrowed. */
typedef void wr_accept_cb(void *ctx, int fd, const char *peer);
typedef void wr_scarce_cb(void *ctx); /* half the descriptors are taken: close what can be spared; every second at most */
/* `address`: "127.0.0.1:7081", "[::1]:7081", ":7081". WR_ERR_INVALID (logged): no such address, or taken. */
enum wr_err wr_listener_open(struct wr_listener **out, struct wr_loop *loop, const char *address,
                             wr_accept_cb *on_accept, wr_scarce_cb *on_scarce, void *ctx) WR_MUST_CHECK;
int wr_listener_port(const struct wr_listener *l);
/* Hands on, at once, all who wait and all whose handshake the kernel has finished: they take it that they were let in. */
void wr_listener_drain(struct wr_listener *l);
void wr_listener_close(struct wr_listener *l); /* takes NULL; resets those */

#endif
