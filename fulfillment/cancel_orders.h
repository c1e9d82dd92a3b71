/* cancel_orders.h - carries out the cancels that are remembered, once their order is there. An order not paid
 * is cancelled, its payment closed before its units go back; a confirmed one is refunded. */
#ifndef FULFILLMENT_CANCEL_ORDERS_H
#define FULFILLMENT_CANCEL_ORDERS_H
struct fulfillment;
struct repeat;
struct repeat *cancel_orders_open(struct fulfillment *f);

#endif
