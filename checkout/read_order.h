/* read_order.h - GET /v1/orders/status/{queue_ticket_id}: an order's state, for the shopper who placed it. */
#ifndef CHECKOUT_READ_ORDER_H
#define CHECKOUT_READ_ORDER_H
#include "http.h"

void read_order(void *ctx, struct wr_request *req);

#endif
