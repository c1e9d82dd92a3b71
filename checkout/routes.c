#include "cancel_order.h"
#include "checkoutd.h"
#include "place_order.h"
#include "read_order.h"

/* Browsers say their origin with what changes something; what says none is no browser, and needs the token
 * anyway. */
const struct wr_route checkout_routes[] = {
    {"POST", "/v1/sales/{sale}/checkout", place_order, WR_ROUTE_ORIGIN | WR_ROUTE_NO_BROWSER, 1024},
    {"GET", "/v1/orders/status/{queue_ticket_id}", read_order, 0, 0},
    {"DELETE", "/v1/orders/status/{queue_ticket_id}", cancel_order, WR_ROUTE_ORIGIN | WR_ROUTE_NO_BROWSER, 0},
    {0},
};
