/* order.h - the life of an order as one table: which changes there are, and what each does to stock and ledger. Pure.
 *
 *                 +--> failed
 *   (new) --> queued --> pending_payment --> expiring --> expired ----+
 *                |  \          |                |  \                  +--> refunded
 *                |   +-----> confirmed <--------+   +--> cancelled ---+
 *                +--> cancelled    \__________________________________/
 *
 * A late payment takes an expired order back to confirmed when a unit is free. */
#ifndef FULFILLMENT_ORDER_H
#define FULFILLMENT_ORDER_H
#include <stdbool.h>
#include <stddef.h>

enum order_status {
    ORDER_NEW, /* not in PostgreSQL yet */
    ORDER_QUEUED,
    ORDER_PENDING_PAYMENT,
    ORDER_EXPIRING, /* its payment is being closed at the provider, for expiry or a cancel (the reason says)
                     */
    ORDER_CONFIRMED,
    ORDER_EXPIRED,
    ORDER_CANCELLED,
    ORDER_FAILED,
    ORDER_REFUNDED,
    ORDER_STATUS_COUNT
};
enum order_hold { /* what Redis has of an order's units */
                  HOLD_HELD,
                  HOLD_SOLD,
                  HOLD_RELEASED,
                  HOLD_VOIDED,
                  HOLD_COUNT
};
enum order_move { /* what a change does to the stock in Redis (docs/KEYSPACE.md) */
                  MOVE_NONE,
                  MOVE_SELL,
                  MOVE_RELEASE,
                  MOVE_VOID,
                  MOVE_UNSELL,
                  MOVE_COUNT
};

#define REASON_OVERSOLD "oversold"
#define REASON_CANCELLED "cancelled"
#define REASON_REFUSED "payment-refused"
#define REASON_LATE "sold-out-before-payment"

struct order_change {
    enum order_status from, to;
    enum order_move move;
    int committed; /* times the quantity: what the ledger's sku row changes by */
};
/* NULL: not allowed. */
const struct order_change *order_change_of(enum order_status from, enum order_status to);

const char *order_status_name(enum order_status status);
bool order_status_parse(const char *text, enum order_status *out);
const char *order_move_name(enum order_move move);
bool order_move_parse(const char *text, enum order_move *out);
bool order_hold_parse(const char *text, enum order_hold *out);
const char *order_hold_name(enum order_hold hold);

bool order_is_committed(enum order_status status); /* its units count in the ledger */
/* Where the hold of an order must be once everything about it was told to Redis. */
enum order_hold order_hold_expected(enum order_status status, const char *reason);
/* What apply_order.lua makes of a hold: a move that does not fit changes nothing. */
enum order_hold order_hold_after(enum order_hold hold, enum order_move move);

#endif
