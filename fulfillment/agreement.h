/* agreement.h - do PostgreSQL and Redis say the same of an order? Pure. */
#ifndef AGREEMENT_H
#define AGREEMENT_H
#include "order.h"
#include <stdbool.h>
#include <stdint.h>

enum agreement { AGREES, IN_FLIGHT, DRIFTS };
struct agreement_order { /* PostgreSQL's side */
    enum order_status status;
    const char *reason;
    /* What Redis was not told yet, oldest first: "<event> <move>,..."; NULL: nothing. */
    const char *pending;
    bool webhook_waiting; /* a payment of it is being processed: a late one may have taken its unit already */
};
/* `hold` and `event` are the record's in Redis. */
enum agreement agreement_of(const struct agreement_order *order, enum order_hold hold, int64_t event);

#endif
