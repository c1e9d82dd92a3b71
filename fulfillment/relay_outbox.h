/* relay_outbox.h - what PostgreSQL decided about orders, told to Redis and the shoppers in the order it was
 * decided. An entry is deleted once Redis has answered; one told twice changes nothing (apply_order.lua). */
#ifndef RELAY_OUTBOX_H
#define RELAY_OUTBOX_H
#include <stdbool.h>

struct fulfillment;
struct relay_outbox;
struct relay_outbox *relay_outbox_open(struct fulfillment *f);
void relay_outbox_kick(struct relay_outbox *r); /* takes NULL */
void relay_outbox_stop(struct relay_outbox *r);
bool relay_outbox_idle(const struct relay_outbox *r);
void relay_outbox_close(struct relay_outbox *r); /* takes NULL */

#endif
