/* cancel_orders.h - carries out the cancels that are remembered, once their order is there. An order not paid
 * is cancelled, its payment closed before its units go back; a confirmed one is refunded. */
#ifndef CANCEL_ORDERS_H
#define CANCEL_ORDERS_H
#include <stdbool.h>

struct fulfillment;
struct cancel_orders;
struct cancel_orders *cancel_orders_open(struct fulfillment *f);
void cancel_orders_kick(struct cancel_orders *cancels); /* takes NULL */
void cancel_orders_stop(struct cancel_orders *cancels);
bool cancel_orders_idle(const struct cancel_orders *cancels);
void cancel_orders_close(struct cancel_orders *cancels); /* takes NULL */

#endif
