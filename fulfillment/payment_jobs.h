/* payment_jobs.h - payments in one state that need the provider: claimed from PostgreSQL under a lease, asked of the
 * provider with bounded concurrency, settled in PostgreSQL. What became of a lost answer is found out by asking again.
 *
 *   claim --> call (provider) --an answer--> gather --> settle many --usual--> gone
 *               |                                           '--anything else--> settle --> gone
 *               no answer, or not now --> put back, later and later
 */
#ifndef FULFILLMENT_PAYMENT_JOBS_H
#define FULFILLMENT_PAYMENT_JOBS_H
#include "change_order.h"
#include "payment_provider.h"

enum { PAYMENT_JOBS_MAX = 64 }; /* in one claim, and in one batch that is settled */
struct fulfillment;
struct payment_jobs;
struct payment_job {
    struct payment_jobs *jobs;
    struct payment_job *next;                          /* of those gathered */
    bool settled;                                      /* with the others of its batch */
    int64_t id, unit_price, quantity, attempts, age_s; /* age: in this state */
    char order_id[WR_UUID_LEN + 1], sale[WR_SALE_LEN + 1], name[420], currency[4];
    char session_id[PROVIDER_ID_MAX], url[WR_PAYMENT_URL_MAX], public_url[WR_PAYMENT_URL_MAX];
    enum provider_outcome outcome;
    struct order order; /* as settled: for the metrics */
};
struct payment_kind {
    const struct wr_sql *claim, *put_back;
    enum payment_state state; /* of the payments it takes */
    bool gives_up;            /* after long enough, "again" is settled as "refused" */
    void (*call)(struct provider *provider, struct payment_job *job); /* ends in payment_job_answered() */
    /* Optional: settles together, inside a transaction, what takes the usual course, and marks those jobs as
     * `settled`. */
    enum wr_err (*settle_many)(struct wr_pg_conn *c, struct payment_job *const jobs[], size_t count);
    wr_pg_work *settle; /* with a payment_job, inside a transaction; its outcome is never PROVIDER_AGAIN */
};
struct payment_jobs *payment_jobs_open(struct fulfillment *f, const struct payment_kind *kind);
void payment_jobs_kick(struct payment_jobs *jobs); /* takes NULL */

/* A provider_done: `ctx` is the payment_job. */
void payment_job_answered(void *ctx, enum provider_outcome outcome, const char *session_id, const char *url);
struct provider *payment_job_provider(const struct payment_job *job);
struct provider_order payment_job_order(const struct payment_job *job); /* borrows from it */

extern const struct payment_kind get_payment_links, close_payments, refund_payments, refund_second_payments;

#endif
