/* agreement.h - do PostgreSQL and Redis say the same of an order? Pure. */
#ifndef FULFILLMENT_AGREEMENT_H
#define FULFILLMENT_AGREEMENT_H
#include "order.h"
#include <stdbool.h>
#include <stdint.h>

enum agreement { AGREES, IN_FLIGHT, DRIFTS };
struct agreement_order { /* PostgreSQL's side */
    enum order_status status;
    const char *reason;
    /* What Redis was not told yet, oldest first: "<event> <move>,..."; NULL: nothing. */
    const char *pending;
    /* A late payment of it is being processed, or its refund: it may have taken a unit, which the refund gives back. */
    bool payment_waiting;
};
/* `hold` and `event` are the record's in Redis. */
enum agreement agreement_of(const struct agreement_order *order, enum order_hold hold, int64_t event);

#endif
