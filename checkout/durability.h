/* durability.h - is what this connection wrote safe from the loss of one machine?
 *
 * Where Redis has replicas, WAIT on the connection that wrote says whether one of them has it; where it has
 * none, the write is safe when it is fsynced before it is answered (appendfsync always, and
 * no-appendfsync-on-rewrite no). One WAIT is under
 * way at a time and answers for everything written before it: it holds back only its own connection. */
#ifndef CHECKOUT_DURABILITY_H
#define CHECKOUT_DURABILITY_H
#include "redis.h"

struct durability;
struct durability_item {
    void (*done)(void *ctx, bool safe); /* once, later, from the loop */
    void *ctx;
    struct durability_item *next;
};
struct durability *durability_new(struct wr_loop *loop);
/* The connection that writes, once it is open. */
void durability_use(struct durability *d, struct wr_redis *redis);
/* For the connection's on_state: what a lost connection wrote cannot be confirmed on the next one, whose WAIT
 * would answer at once for nothing written. */
void durability_on_state(struct durability *d, bool connected);
void durability_look(struct durability *d); /* every few seconds: replicas come and go */
void durability_confirm(struct durability *d, struct durability_item *item); /* borrowed until done */
/* After its connection was closed: items are done, unsafe; takes NULL. */
void durability_free(struct durability *d);

#endif
