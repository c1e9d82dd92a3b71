/* refund_payments.c - payments whose money goes back: a confirmed order that was cancelled, or a payment that
 * came when nothing was left. The order is refunded only once the provider says so. */
#include "payment_jobs.h"
#include <string.h>

static void call(struct provider *provider, struct payment_job *job)
{
    provider_refund(provider, job->session_id, job->order_id, payment_job_answered, job);
}

static enum wr_err settle(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    struct order *order = &job->order;
    enum wr_err err = order_lock(c, job->order_id, order);
    if (err || strcmp(order->payment_state, "refunding") != 0)
        return err;
    err = order_set_payment(c, order, "refunded", NULL, NULL);
    if (err)
        return err;
    const char *reason = order->status == ORDER_EXPIRED  ? REASON_LATE
                         : order->status == ORDER_FAILED ? REASON_REFUSED
                                                         : REASON_CANCELLED;
    return order_set(c, order, ORDER_REFUNDED, reason);
}

const struct payment_kind refund_payments = {.state = "refunding", .call = call, .settle = settle};
