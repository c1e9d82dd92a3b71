/* settle_payment.h - what a payment that was made means for its order. For work on a pool thread, inside a
 * transaction. */
#ifndef FULFILLMENT_SETTLE_PAYMENT_H
#define FULFILLMENT_SETTLE_PAYMENT_H
#include "change_order.h"

enum settled {
    SETTLED_CONFIRMED,
    SETTLED_KNOWN,      /* it counted already */
    SETTLED_REFUNDING,  /* the money goes back */
    SETTLED_NEEDS_UNIT, /* the order has expired: take a unit in Redis first, then come again with taken */
    SETTLED_NO_PAYMENT, /* the order never had one */
    SETTLED_SECOND,     /* the order is paid by another session: this one's money goes back */
    SETTLED_WRONG,      /* not the order's price: a dead letter */
    SETTLED_NOT_PAID,   /* and never will be: its units are free */
};
const char *settled_name(enum settled outcome);
/* `session_id` may be NULL: what is stored stays. */
enum wr_err settle_paid(struct wr_pg_conn *c, struct order *order, const char *session_id, bool taken,
                        enum settled *out) WR_MUST_CHECK;
/* Another session of the order was paid already: this one's money is to go back, and the order stays as it is. */
bool settle_is_second(const struct order *order, const char *session_id);
/* The payment that the order waited for has failed for good. */
enum wr_err settle_not_paid(struct wr_pg_conn *c, struct order *order, enum settled *out) WR_MUST_CHECK;
/* The money goes back, unless it does already. */
enum wr_err settle_refund(struct wr_pg_conn *c, struct order *order, const char *session_id,
                          enum settled *out) WR_MUST_CHECK;

#endif
