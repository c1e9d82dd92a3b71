/* routes.c - what fulfillmentd answers, beside the frame's own. */
#include "fulfillmentd.h"
#include "take_webhook.h"

const struct wr_route fulfillment_routes[] = {
    {.method = "POST",
     .path = "/v1/payments/webhook",
     .handle = take_webhook,
     .flags = WR_ROUTE_ANY_BODY,
     .body_max = 16384},
    {0},
};
