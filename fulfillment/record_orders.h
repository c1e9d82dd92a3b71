/* record_orders.h - a batch of events from checkout becomes orders, in one transaction: inserted once,
 * accepted in their order as far as the ledger reaches, the rest failed and voided. For work on a pool
 * thread; doing it again changes nothing, so an unknown outcome is answered by doing it again. */
#ifndef FULFILLMENT_RECORD_ORDERS_H
#define FULFILLMENT_RECORD_ORDERS_H
#include "order_event.h"
#include "pg.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch_item {
    struct order_event event;
    bool dead;     /* not understood, or refused: `why` says it */
    bool promised; /* refused, and a shopper waits for it */
    char why[EVENT_WHY_MAX];
    /* As it came, for the dead letters; borrowed. */
    int32_t partition;
    int64_t position;
    const char *key, *payload;
    size_t key_len, len;
};
struct order_batch {
    const char *source; /* the topic */
    struct batch_item *items;
    size_t count;
    struct record_counts {
        int accepted, oversold, cancelled, known, dead, cancels, refused;
    } done; /* what became of them, when it is WR_OK */
};
void batch_item_read(struct batch_item *item); /* decodes its payload */
/* Any error: nothing of it is sure to have happened; the whole batch is to be done again. */
enum wr_err record_orders(struct wr_pg_conn *c, struct order_batch *batch) WR_MUST_CHECK;

#endif
