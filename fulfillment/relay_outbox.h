/* relay_outbox.h - what PostgreSQL decided about orders, told to Redis and the shoppers in the order it was
 * decided. An entry is deleted once Redis has answered; one told twice changes nothing (apply_order.lua). */
#ifndef FULFILLMENT_RELAY_OUTBOX_H
#define FULFILLMENT_RELAY_OUTBOX_H
#include "pg.h"
struct fulfillment;
struct repeat;
struct repeat *relay_outbox_open(struct fulfillment *f);
/* wr_pg_work of a struct fulfillment whose relay has stopped: another instance may relay from now on, not only when the
 * lease has run out. */
enum wr_err relay_outbox_yield(struct wr_pg_conn *c, void *f);

#endif
