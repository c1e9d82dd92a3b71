/* redis_link.h - a wire to one address that is dialled again whenever it is lost, for redis.c and
 * redis_subscriber.c alone: AUTH first, then what its owner says, 50 ms doubling to 1 s between two attempts,
 * half of it random so that the processes of a site do not come back together. */
#ifndef WR_REDIS_LINK_H
#define WR_REDIS_LINK_H
#include "err.h"
#include "redis_wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_link_config {
    const char *address, *username, *password;       /* user and password may be NULL */
    void (*on_dialled)(void *ctx, size_t greetings); /* so many answers to AUTH are still to come */
    void (*on_reply)(void *ctx, const struct wr_reply *reply);
    void (*on_lost)(void *ctx, const char *why); /* the wire is closed, the next attempt is due */
    void *ctx;
};
struct wr_link {
    struct wr_wire wire;
    struct wr_wire_address where;
    char *address, *username, *password;
    struct wr_timer *redial;
    int64_t failures;             /* since it last stood */
    struct wr_link_config config; /* its texts are the three above */
};
/* Dials from the next turn of the loop on. */
enum wr_err wr_link_open(struct wr_link *l, struct wr_loop *loop,
                         const struct wr_link_config *config) WR_MUST_CHECK;
void wr_link_send(struct wr_link *l, size_t count, const char *const *texts);
void wr_link_stands(struct wr_link *l);                /* greeted: the next loss begins at 50 ms again */
void wr_link_lose(struct wr_link *l, const char *why); /* runs on_lost */
void wr_link_close(struct wr_link *l);                 /* on_lost does not come */

#endif
