/* relay_outbox.h - what PostgreSQL decided about orders, told to Redis and the shoppers in the order it was
 * decided. An entry is deleted once Redis has answered; one told twice changes nothing (apply_order.lua). */
#ifndef FULFILLMENT_RELAY_OUTBOX_H
#define FULFILLMENT_RELAY_OUTBOX_H
struct fulfillment;
struct repeat;
struct repeat *relay_outbox_open(struct fulfillment *f);

#endif
