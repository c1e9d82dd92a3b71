/* cancel_order.h - DELETE /v1/orders/status/{queue_ticket_id}: the owner's wish to cancel, answered 202;
 * fulfilment decides whether it comes in time, and the status says so. */
#ifndef CHECKOUT_CANCEL_ORDER_H
#define CHECKOUT_CANCEL_ORDER_H
#include "http.h"

void cancel_order(void *ctx, struct wr_request *req);

#endif
