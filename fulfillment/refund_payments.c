/* refund_payments.c - payments whose money goes back: a confirmed order that was cancelled, or a payment that
 * came when nothing was left. The order is refunded only once the provider says so; what it
 * refuses, or never says, becomes a dead letter. */
#include "log.h"
#include "payment_jobs.h"
#include "sql_fulfillment.h"

static void call(struct provider *provider, struct payment_job *job)
{
    provider_refund(provider, job->session_id, job->order_id, payment_job_answered, job);
}

static enum wr_err give_up(struct wr_pg_conn *c, struct payment_job *job)
{
    wr_error("a refund is given up", "order=%s session=\"%s\" attempts=%lld", job->order_id, job->session_id,
             (long long)job->attempts);
    job->order.payment_state = PAYMENT_REFUND_FAILED;
    return wr_pg_query(c, &wr_sql_give_up_refund, 2,
                       (const char *[]){WR_PG_INT(job->id), "the payment provider does not make this refund"},
                       NULL);
}

static enum wr_err settle(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    struct order *order = &job->order;
    enum wr_err err = order_lock(c, job->order_id, order);
    if (err || order->payment_state != PAYMENT_REFUNDING)
        return err;
    if (job->outcome == PROVIDER_REFUSED)
        return give_up(c, job);
    err = order_set_payment(c, order, PAYMENT_REFUNDED, NULL, NULL);
    if (err)
        return err;
    const char *reason = order->status == ORDER_EXPIRED  ? REASON_LATE
                         : order->status == ORDER_FAILED ? REASON_REFUSED
                                                         : REASON_CANCELLED;
    return order_set(c, order, ORDER_REFUNDED, reason);
}

const struct payment_kind refund_payments = {.claim = &wr_sql_claim_payments,
                                             .put_back = &wr_sql_put_back_payment,
                                             .state = PAYMENT_REFUNDING,
                                             .gives_up = true,
                                             .call = call,
                                             .settle = settle};
