/* get_payment_links.c - payments that are wanted: a session at the provider, then the order waits for its
 * payment. Its hold time runs from here, or from when the link is told, if that is late (renew_holds.c). */
#include "payment_jobs.h"
#include "sql_fulfillment.h"
#include <stdio.h>

static void call(struct provider *provider, struct payment_job *job)
{
    struct provider_order order = payment_job_order(job);
    provider_open_session(provider, &order, payment_job_answered, job);
}

static enum wr_err refuse(struct wr_pg_conn *c, struct order *order)
{
    if (order->status != ORDER_QUEUED)
        return WR_OK;
    enum wr_err err = order_set(c, order, ORDER_FAILED, REASON_REFUSED);
    return err ? err : order_set_payment(c, order, PAYMENT_CLOSED, NULL, NULL);
}

static enum wr_err settle(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    struct order *order = &job->order;
    enum wr_err err = order_lock(c, job->order_id, order);
    if (err)
        return err;
    if (job->outcome == PROVIDER_REFUSED)
        return refuse(c, order);
    if (order->payment_state == PAYMENT_WANTED) {
        err = order_set_payment(c, order, PAYMENT_OPEN, job->session_id, job->url);
        return err || order->status != ORDER_QUEUED ? err : order_set(c, order, ORDER_PENDING_PAYMENT, NULL);
    }
    /* Cancelled while the provider made the session: nobody has its link, and nobody may pay it. */
    if (order->payment_state == PAYMENT_CLOSING || order->payment_state == PAYMENT_CLOSED)
        return order_set_payment(c, order, PAYMENT_CLOSING, job->session_id, NULL);
    return WR_OK;
}

/* The usual course: the order is queued, and its payment as it was when it was claimed. */
static enum wr_err settle_many(struct wr_pg_conn *c, struct payment_job *const jobs[], size_t count)
{
    struct order *orders[PAYMENT_JOBS_MAX] = {NULL};
    const char *sessions[PAYMENT_JOBS_MAX], *urls[PAYMENT_JOBS_MAX];
    size_t usual = 0;
    for (size_t i = 0; i < count; i++) {
        jobs[i]->order = (struct order){0};
        snprintf(jobs[i]->order.public_id, sizeof jobs[i]->order.public_id, "%s", jobs[i]->order_id);
        orders[i] = &jobs[i]->order;
    }
    enum wr_err err = orders_lock_free(c, orders, count);
    if (err)
        return err;
    for (size_t i = 0; i < count; i++) {
        struct payment_job *job = jobs[i];
        job->settled = job->outcome == PROVIDER_DONE && job->order.locked &&
                       job->order.status == ORDER_QUEUED && job->order.payment_state == PAYMENT_WANTED;
        if (!job->settled)
            continue;
        orders[usual] = &job->order;
        sessions[usual] = job->session_id;
        urls[usual++] = job->url;
    }
    if (!usual)
        return WR_OK;
    err = orders_set_payment(c, orders, usual, PAYMENT_OPEN, sessions, urls);
    return err ? err : orders_set(c, orders, usual, ORDER_PENDING_PAYMENT, NULL);
}

const struct payment_kind get_payment_links = {.claim = &wr_sql_claim_payments,
                                               .put_back = &wr_sql_put_back_payment,
                                               .state = PAYMENT_WANTED,
                                               .call = call,
                                               .settle_many = settle_many,
                                               .settle = settle};
