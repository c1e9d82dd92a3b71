#include "settle_payment.h"
#include <string.h>

const char *settled_name(enum settled outcome)
{
    static const char *const names[] = {
        [SETTLED_CONFIRMED] = "confirmed",   [SETTLED_KNOWN] = "known",
        [SETTLED_REFUNDING] = "refunding",   [SETTLED_NEEDS_UNIT] = "needs-unit",
        [SETTLED_NO_PAYMENT] = "no-payment", [SETTLED_NOT_PAID] = "not-paid",
        [SETTLED_SECOND] = "second-payment", [SETTLED_WRONG] = "wrong-price",
    };
    return names[outcome];
}

enum wr_err settle_refund(struct wr_pg_conn *c, struct order *order, const char *session_id,
                          enum settled *out)
{
    *out = SETTLED_KNOWN;
    if (payment_is_refund(order->payment_state))
        return WR_OK;
    *out = SETTLED_REFUNDING;
    return order_set_payment(c, order, PAYMENT_REFUNDING, session_id, NULL);
}

static enum wr_err confirm(struct wr_pg_conn *c, struct order *order, const char *session_id,
                           enum settled *out)
{
    /* A cancel that was on its way to closing this payment came too late for that, not for the shopper. */
    bool cancelled = strcmp(order->reason, REASON_CANCELLED) == 0;
    enum wr_err err = order_set(c, order, ORDER_CONFIRMED, cancelled ? REASON_CANCELLED : NULL);
    if (err)
        return err;
    *out = cancelled ? SETTLED_REFUNDING : SETTLED_CONFIRMED;
    return order_set_payment(c, order, cancelled ? PAYMENT_REFUNDING : PAYMENT_PAID, session_id, NULL);
}

enum wr_err settle_paid(struct wr_pg_conn *c, struct order *order, const char *session_id, bool taken,
                        enum settled *out)
{
    *out = SETTLED_NO_PAYMENT;
    if (!order->payment_id)
        return WR_OK;
    switch (order->status) {
    case ORDER_QUEUED:
    case ORDER_PENDING_PAYMENT:
    case ORDER_EXPIRING:
        return confirm(c, order, session_id, out);
    case ORDER_EXPIRED:
        if (payment_is_refund(order->payment_state))
            break; /* a unit taken meanwhile goes back when the refund is told */
        if (taken)
            return confirm(c, order, session_id, out);
        *out = SETTLED_NEEDS_UNIT;
        return WR_OK;
    case ORDER_CANCELLED:
    case ORDER_FAILED:
        return settle_refund(c, order, session_id, out);
    default:
        break;
    }
    *out = SETTLED_KNOWN;
    return WR_OK;
}

bool settle_is_second(const struct order *order, const char *session_id)
{
    bool counted = order->payment_state == PAYMENT_PAID || payment_is_refund(order->payment_state);
    return counted && session_id && order->session_id[0] && strcmp(order->session_id, session_id) != 0;
}

enum wr_err settle_not_paid(struct wr_pg_conn *c, struct order *order, enum settled *out)
{
    enum wr_err err = WR_OK;
    *out = SETTLED_KNOWN;
    if (order->status != ORDER_QUEUED && order->status != ORDER_PENDING_PAYMENT &&
        order->status != ORDER_EXPIRING)
        return WR_OK;
    *out = SETTLED_NOT_PAID;
    bool cancelled = strcmp(order->reason, REASON_CANCELLED) == 0;
    if (order->status == ORDER_PENDING_PAYMENT)
        err = order_set(c, order, ORDER_EXPIRING, NULL);
    if (!err && order->status == ORDER_QUEUED)
        err = order_set(c, order, ORDER_FAILED, REASON_REFUSED);
    else if (!err)
        err = order_set(c, order, cancelled ? ORDER_CANCELLED : ORDER_EXPIRED,
                        cancelled ? REASON_CANCELLED : NULL);
    return err ? err : order_set_payment(c, order, PAYMENT_CLOSED, NULL, NULL);
}
