/* accept_orders.h - takes events from Kafka at the rate that is set and records them; their offsets are
 * stored after the commit. */
#ifndef ACCEPT_ORDERS_H
#define ACCEPT_ORDERS_H
#include "err.h"
#include <stdbool.h>
#include <stdint.h>

struct fulfillment;
struct accept_orders;
enum wr_err accept_orders_open(struct accept_orders **out, struct fulfillment *f) WR_MUST_CHECK;
bool accept_orders_connected(const struct accept_orders *a);
int64_t accept_orders_lag(const struct accept_orders *a); /* -1: unknown */
void accept_orders_stop(struct accept_orders *a);
bool accept_orders_idle(const struct accept_orders *a);
void accept_orders_close(struct accept_orders *a); /* takes NULL */

#endif
