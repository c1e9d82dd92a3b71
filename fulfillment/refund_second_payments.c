/* refund_second_payments.c - money for an order that was paid already goes back; the order stays as it is. */
#include "log.h"
#include "payment_jobs.h"
#include "sql_fulfillment.h"

static void call(struct provider *provider, struct payment_job *job)
{
    provider_refund(provider, job->session_id, job->order_id, payment_job_answered, job);
}

static enum wr_err settle(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    const char *id = WR_PG_INT(job->id);
    if (job->outcome != PROVIDER_REFUSED)
        return wr_pg_query(c, &wr_sql_finish_second_payment, 1, (const char *[]){id}, NULL);
    wr_error("a refund is given up", "order=%s session=\"%s\" attempts=%lld", job->order_id, job->session_id,
             (long long)job->attempts);
    return wr_pg_query(c, &wr_sql_give_up_second_refund, 2,
                       (const char *[]){id, "the payment provider does not make this refund"}, NULL);
}

const struct payment_kind refund_second_payments = {.claim = &wr_sql_claim_second_payments,
                                                    .put_back = &wr_sql_put_back_second_payment,
                                                    .state = PAYMENT_REFUNDING,
                                                    .gives_up = true,
                                                    .call = call,
                                                    .settle = settle};
