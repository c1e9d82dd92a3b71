/* close_payments.c - payments that are to be closed at the provider, because their order expires or was cancelled. Only
 * when nobody can pay any more do its units go back; who has paid already keeps them.
 *
 *   (no session known) --find_session--> close --closed--> expired or cancelled
 *                                                    +-----paid----> confirmed
 */
#include "payment_jobs.h"
#include "settle_payment.h"
#include "sql_fulfillment.h"
#include <stdio.h>
#include <string.h>

static void close_session(struct payment_job *job)
{
    struct provider_order order = payment_job_order(job);
    provider_close_session(payment_job_provider(job), &order, job->session_id, payment_job_answered, job);
}

static void on_found(void *ctx, enum provider_outcome outcome, const char *session_id, const char *url)
{
    struct payment_job *job = ctx;
    (void)url;
    if (outcome != PROVIDER_DONE) {
        payment_job_answered(job, outcome, NULL, NULL);
        return;
    }
    snprintf(job->session_id, sizeof job->session_id, "%s", session_id);
    close_session(job);
}

static void call(struct provider *provider, struct payment_job *job)
{
    struct provider_order order = payment_job_order(job);
    if (job->session_id[0])
        close_session(job);
    else
        provider_find_session(provider, &order, on_found, job);
}

static enum wr_err settle(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    struct order *order = &job->order;
    enum settled outcome;
    enum wr_err err = order_lock(c, job->order_id, order);
    if (err || order->payment_state != PAYMENT_CLOSING)
        return err;
    if (job->outcome == PROVIDER_PAID)
        return settle_paid(c, order, job->session_id, false, &outcome);
    err = order_set_payment(c, order, PAYMENT_CLOSED, job->session_id[0] ? job->session_id : NULL, NULL);
    if (err || order->status != ORDER_EXPIRING)
        return err;
    bool cancelled = strcmp(order->reason, REASON_CANCELLED) == 0;
    return order_set(c, order, cancelled ? ORDER_CANCELLED : ORDER_EXPIRED,
                     cancelled ? REASON_CANCELLED : NULL);
}

const struct payment_kind close_payments = {.claim = &wr_sql_claim_payments,
                                            .put_back = &wr_sql_put_back_payment,
                                            .state = PAYMENT_CLOSING,
                                            .call = call,
                                            .settle = settle};
