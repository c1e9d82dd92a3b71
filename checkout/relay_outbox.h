/* relay_outbox.h - carries to Kafka what has lain in an outbox for 2 s: its checkoutd died, or Kafka was
 * away. */
#ifndef CHECKOUT_RELAY_OUTBOX_H
#define CHECKOUT_RELAY_OUTBOX_H
#include "outbox.h"

struct relay_config {
    struct wr_loop *loop;
    struct wr_redis *redis;
    const struct wr_sales *sales;
    struct outbox *outbox;
    const char *me; /* who holds a lease: drawn per process */
};
struct relay *relay_new(const struct relay_config *config);
void relay_free(struct relay *r); /* after its connection and the outbox's producer were closed; takes NULL */

#endif
