/* accept_orders.h - takes events from Kafka at the rate that is set and records them; their offsets are
 * stored after the commit. */
#ifndef FULFILLMENT_ACCEPT_ORDERS_H
#define FULFILLMENT_ACCEPT_ORDERS_H
#include "err.h"
#include <stdbool.h>
#include <stdint.h>

struct fulfillment;
struct accept_orders;
enum wr_err accept_orders_open(struct accept_orders **out, struct fulfillment *f) WR_MUST_CHECK;
bool accept_orders_connected(const struct accept_orders *a);
/* Events wait, and none was done for half a minute. */
bool accept_orders_stalled(const struct accept_orders *a);
void accept_orders_measure(const struct accept_orders *a);

#endif
