/* payment.h - the states of a payment, as the column payments.state names them. Pure. What is wanted becomes open in
 * get_payment_links.c, what is closing closed in close_payments.c, what is refunding refunded or refund_failed in
 * refund_payments.c; a payment that is told of, or an end of the order, moves the others. */
#ifndef FULFILLMENT_PAYMENT_H
#define FULFILLMENT_PAYMENT_H
#include <stdbool.h>

enum payment_state {
    PAYMENT_NONE, /* the order has no payment */
    PAYMENT_WANTED,
    PAYMENT_OPEN,
    PAYMENT_PAID,
    PAYMENT_CLOSING,
    PAYMENT_CLOSED,
    PAYMENT_REFUNDING,
    PAYMENT_REFUNDED,
    PAYMENT_REFUND_FAILED,
    PAYMENT_STATE_COUNT
};
const char *payment_state_name(enum payment_state state);
bool payment_state_parse(const char *text, enum payment_state *out); /* takes NULL: PAYMENT_NONE */
/* Its money is to go back: under way, made, or given up until it is replayed. */
bool payment_is_refund(enum payment_state state);

#endif
