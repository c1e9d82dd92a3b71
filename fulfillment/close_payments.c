/* close_payments.c - payments that are to be closed at the provider, because their order expires or was
 * cancelled. Only when nobody can pay any more do its units go back; who has paid already keeps them.
 *
 *   (no session known) --open_session: finds it--> close --closed--> expired or cancelled
 *                                                    +-----paid----> confirmed
 */
#include "payment_jobs.h"
#include "settle_payment.h"
#include <stdio.h>
#include <string.h>

static void on_found(void *ctx, enum provider_outcome outcome, const char *session_id, const char *url)
{
    struct payment_job *job = ctx;
    (void)url;
    if (outcome != PROVIDER_DONE) {
        payment_job_answered(job, outcome, NULL, NULL);
        return;
    }
    snprintf(job->session_id, sizeof job->session_id, "%s", session_id);
    provider_close_session(payment_job_provider(job), job->session_id, payment_job_answered, job);
}

static void call(struct provider *provider, struct payment_job *job)
{
    if (job->session_id[0])
        provider_close_session(provider, job->session_id, payment_job_answered, job);
    else
        payment_job_open_session(provider, job, on_found);
}

static enum wr_err settle(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    struct order *order = &job->order;
    enum settled outcome;
    enum wr_err err = order_lock(c, job->order_id, order);
    if (err || strcmp(order->payment_state, "closing") != 0)
        return err;
    if (job->outcome == PROVIDER_PAID)
        return settle_paid(c, order, job->session_id, false, &outcome);
    err = order_set_payment(c, order, "closed", job->session_id[0] ? job->session_id : NULL, NULL);
    if (err || order->status != ORDER_EXPIRING)
        return err;
    bool cancelled = strcmp(order->reason, REASON_CANCELLED) == 0;
    return order_set(c, order, cancelled ? ORDER_CANCELLED : ORDER_EXPIRED,
                     cancelled ? REASON_CANCELLED : NULL);
}

const struct payment_kind close_payments = {.state = "closing", .call = call, .settle = settle};
