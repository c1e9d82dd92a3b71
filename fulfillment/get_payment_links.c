/* get_payment_links.c - payments that are wanted: a session at the provider, then the order waits for its
 * payment. Its hold time runs from here. */
#include "payment_jobs.h"
#include <stdio.h>
#include <string.h>

static void call(struct provider *provider, struct payment_job *job)
{
    payment_job_open_session(provider, job, payment_job_answered);
}

static enum wr_err refuse(struct wr_pg_conn *c, struct order *order)
{
    if (order->status != ORDER_QUEUED)
        return WR_OK;
    enum wr_err err = order_set(c, order, ORDER_FAILED, REASON_REFUSED);
    return err ? err : order_set_payment(c, order, "closed", NULL, NULL);
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
    if (strcmp(order->payment_state, "wanted") == 0) {
        err = order_set_payment(c, order, "open", job->session_id, job->url);
        return err || order->status != ORDER_QUEUED ? err : order_set(c, order, ORDER_PENDING_PAYMENT, NULL);
    }
    /* Cancelled while the provider made the session: nobody has its link, and nobody may pay it. */
    if (strcmp(order->payment_state, "closing") == 0 || strcmp(order->payment_state, "closed") == 0)
        return order_set_payment(c, order, "closing", job->session_id, NULL);
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
                       job->order.status == ORDER_QUEUED && strcmp(job->order.payment_state, "wanted") == 0;
        if (!job->settled)
            continue;
        orders[usual] = &job->order;
        sessions[usual] = job->session_id;
        urls[usual++] = job->url;
    }
    if (!usual)
        return WR_OK;
    err = orders_set_payment(c, orders, usual, "open", sessions, urls);
    return err ? err : orders_set(c, orders, usual, ORDER_PENDING_PAYMENT, NULL);
}

const struct payment_kind get_payment_links = {
    .state = "wanted", .call = call, .settle_many = settle_many, .settle = settle};
