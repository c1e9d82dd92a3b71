#include "payment_jobs.h"
#include "backoff.h"
#include "crypto.h"
#include "fulfillmentd.h"
#include "log.h"
#include "mem.h"
#include "repeat.h"
#include "sql_fulfillment.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    PAUSE_MS = 300,
    GAP_MS = 40,    /* between claims */
    GATHER_MS = 25, /* answers that are settled together */
    AGAIN_MS = 250,
    AGAIN_MAX_MS = 30000,
};

struct payment_jobs {
    struct fulfillment *f;
    const struct payment_kind *kind;
    struct repeat *repeat;
    int running;  /* claimed and not gone */
    int wanted;   /* of the claim under way: that many places are taken at the provider */
    bool starved; /* there may be more, but no place was left */
    size_t claimed_count;
    struct payment_job *claimed[PAYMENT_JOBS_MAX];
    struct wr_timer *gather;
    struct payment_job *gathered;
    bool settling;
    size_t batch_count;
    struct payment_job *batch[PAYMENT_JOBS_MAX];
};

static enum wr_err claim(struct wr_pg_conn *c, void *op);
static void on_claimed(void *op, enum wr_err err);
static void on_gathered(void *ctx);
static enum wr_err settle_many(struct wr_pg_conn *c, void *op);
static void on_settled_many(void *op, enum wr_err err);
static void submit_settle(struct payment_job *job);
static enum wr_err settle(struct wr_pg_conn *c, void *op);
static void on_settled(void *op, enum wr_err err);
static enum wr_err put_back(struct wr_pg_conn *c, void *op);
static void on_put_back(void *op, enum wr_err err);
static void forget(struct payment_job *job);

/* ---- claim ---- */

static void claim_some(void *ctx)
{
    struct payment_jobs *jobs = ctx;
    jobs->wanted = provider_take_places(jobs->f->provider, PAYMENT_JOBS_MAX);
    jobs->starved = !jobs->wanted;
    if (!jobs->wanted)
        repeat_ended(jobs->repeat, REPEAT_IDLE);
    else if (wr_pg_submit(jobs->f->pg, claim, on_claimed, jobs) != WR_OK)
        on_claimed(jobs, WR_ERR_BUSY);
}

/* Whoever waited for a place looks again; who waited longest, first. */
static void give_places(struct fulfillment *f, int count)
{
    struct payment_jobs *const all[] = {f->links, f->closings, f->refunds, f->second_refunds};
    provider_give_places(f->provider, count);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] && all[i]->starved)
            repeat_kick(all[i]->repeat);
}

static struct payment_job *read_job(const struct wr_rows *rows, size_t row)
{
    struct payment_job *job = wr_alloc(sizeof *job);
    job->id = wr_rows_int(rows, row, "id");
    job->unit_price = wr_rows_int(rows, row, "unit_price");
    job->quantity = wr_rows_int(rows, row, "quantity");
    job->attempts = wr_rows_int(rows, row, "attempts");
    job->age_s = wr_rows_int(rows, row, "age_s");
    wr_rows_copy(rows, row, "public_id", job->order_id, sizeof job->order_id);
    wr_rows_copy(rows, row, "sale", job->sale, sizeof job->sale);
    wr_rows_copy(rows, row, "sku_name", job->name, sizeof job->name);
    wr_rows_copy(rows, row, "currency", job->currency, sizeof job->currency);
    wr_rows_copy(rows, row, "public_url", job->public_url, sizeof job->public_url);
    wr_rows_copy(rows, row, "provider_id", job->session_id, sizeof job->session_id);
    return job;
}

static enum wr_err claim(struct wr_pg_conn *c, void *op)
{
    struct payment_jobs *jobs = op;
    const char *values[] = {payment_state_name(jobs->kind->state), WR_PG_INT(jobs->wanted),
                            jobs->f->config->service.public_url};
    struct wr_rows *rows;
    jobs->claimed_count = 0;
    enum wr_err err = wr_pg_query(c, jobs->kind->claim, 3, values, &rows);
    if (err)
        return err;
    for (size_t row = 0; row < wr_rows_count(rows) && row < PAYMENT_JOBS_MAX; row++)
        jobs->claimed[jobs->claimed_count++] = read_job(rows, row);
    wr_rows_free(rows);
    return WR_OK;
}

static void on_claimed(void *op, enum wr_err err)
{
    struct payment_jobs *jobs = op;
    if (err) {
        give_places(jobs->f, jobs->wanted);
        repeat_ended(jobs->repeat, REPEAT_FAILED);
        return;
    }
    give_places(jobs->f, jobs->wanted - (int)jobs->claimed_count);
    for (size_t i = 0; i < jobs->claimed_count; i++) {
        struct payment_job *job = jobs->claimed[i];
        job->jobs = jobs;
        jobs->running++;
        jobs->kind->call(jobs->f->provider, job);
    }
    repeat_ended(jobs->repeat, jobs->claimed_count == (size_t)jobs->wanted ? REPEAT_MORE : REPEAT_IDLE);
}

/* ---- call ---- */

struct provider_order payment_job_order(const struct payment_job *job)
{
    return (struct provider_order){.order_id = job->order_id,
                                   .sale = job->sale,
                                   .public_url = job->public_url,
                                   .name = job->name,
                                   .unit_price = job->unit_price,
                                   .quantity = job->quantity,
                                   .currency = job->currency};
}

struct provider *payment_job_provider(const struct payment_job *job)
{
    return job->jobs->f->provider;
}

void payment_job_answered(void *ctx, enum provider_outcome outcome, const char *session_id, const char *url)
{
    struct payment_job *job = ctx;
    if (outcome == PROVIDER_AGAIN && job->jobs->kind->gives_up && job->attempts >= GIVE_UP_ATTEMPTS &&
        job->age_s > job->jobs->f->config->give_up_s)
        outcome = PROVIDER_REFUSED;
    job->outcome = outcome;
    if (session_id)
        snprintf(job->session_id, sizeof job->session_id, "%s", session_id);
    if (url)
        snprintf(job->url, sizeof job->url, "%s", url);
    struct payment_jobs *jobs = job->jobs;
    give_places(jobs->f, 1);
    if (outcome == PROVIDER_AGAIN) {
        if (wr_pg_submit(jobs->f->pg, put_back, on_put_back, job) != WR_OK)
            forget(job); /* its lease ends by itself */
    } else if (jobs->kind->settle_many) {
        if (!jobs->gathered && !jobs->settling)
            wr_timer_start(jobs->gather, GATHER_MS, 0);
        job->next = jobs->gathered;
        jobs->gathered = job;
    } else {
        submit_settle(job);
    }
}

/* ---- settle many ---- */

static void on_gathered(void *ctx)
{
    struct payment_jobs *jobs = ctx;
    jobs->batch_count = 0;
    while (jobs->gathered && jobs->batch_count < PAYMENT_JOBS_MAX) {
        jobs->batch[jobs->batch_count++] = jobs->gathered;
        jobs->gathered = jobs->gathered->next;
    }
    jobs->settling = true;
    if (wr_pg_submit(jobs->f->pg, settle_many, on_settled_many, jobs) != WR_OK)
        on_settled_many(jobs, WR_ERR_BUSY);
}

static enum wr_err settle_many_in_transaction(struct wr_pg_conn *c, void *op)
{
    struct payment_jobs *jobs = op;
    return jobs->kind->settle_many(c, jobs->batch, jobs->batch_count);
}

static enum wr_err settle_many(struct wr_pg_conn *c, void *op)
{
    return wr_pg_transact(c, settle_many_in_transaction, op);
}

static void on_settled_many(void *op, enum wr_err err)
{
    struct payment_jobs *jobs = op;
    for (size_t i = 0; i < jobs->batch_count; i++) {
        struct payment_job *job = jobs->batch[i];
        if (err || !job->settled)
            submit_settle(job); /* one by one: whatever was wrong is wrong with one of them */
        else
            on_settled(job, WR_OK);
    }
    jobs->settling = false;
    if (jobs->gathered)
        wr_timer_start(jobs->gather, GATHER_MS, 0);
}

/* ---- settle ---- */

static void submit_settle(struct payment_job *job)
{
    job->order = (struct order){0};
    if (wr_pg_submit(job->jobs->f->pg, settle, on_settled, job) != WR_OK)
        forget(job); /* its lease ends by itself */
}

static enum wr_err settle(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    return wr_pg_transact(c, job->jobs->kind->settle, job);
}

static void on_settled(void *op, enum wr_err err)
{
    struct payment_job *job = op;
    struct fulfillment *f = job->jobs->f;
    if (err) {
        wr_warn("a payment could not be settled and is tried again", "order=%s state=%s err=%s",
                job->order_id, payment_state_name(job->jobs->kind->state), wr_err_slug(err));
        job->outcome = PROVIDER_AGAIN;
        if (wr_pg_submit(f->pg, put_back, on_put_back, job) != WR_OK)
            forget(job);
        return;
    }
    order_count(&job->order);
    repeat_kick(f->relay);
    /* What was settled may be work of another kind now. */
    if (job->order.payment_state == PAYMENT_CLOSING)
        payment_jobs_kick(f->closings);
    if (job->order.payment_state == PAYMENT_REFUNDING)
        payment_jobs_kick(f->refunds);
    if (job->order.payment_state == PAYMENT_REFUND_FAILED)
        repeat_kick(f->dead_letters);
    forget(job);
}

/* ---- put back ---- */

static enum wr_err put_back(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    const struct payment_kind *kind = job->jobs->kind;
    uint32_t random;
    wr_random(&random, sizeof random);
    int64_t delay_ms = (int64_t)wr_backoff_ms(job->attempts, AGAIN_MS, AGAIN_MAX_MS, random);
    const char *values[] = {WR_PG_INT(job->id), WR_PG_INT(delay_ms), WR_PG_INT(job->attempts),
                            payment_state_name(kind->state)};
    return wr_pg_query(c, kind->put_back, 4, values, NULL);
}

static void on_put_back(void *op, enum wr_err err)
{
    (void)err; /* its lease ends by itself */
    forget(op);
}

static void forget(struct payment_job *job)
{
    struct payment_jobs *jobs = job->jobs;
    jobs->running--;
    free(job);
}

/* ---- life ---- */

static void close_flow(void *ctx)
{
    struct payment_jobs *jobs = ctx;
    wr_timer_free(jobs->gather);
    free(jobs);
}

static bool busy(const void *ctx)
{
    const struct payment_jobs *jobs = ctx;
    return jobs->running;
}

static const struct repeat_kind repeated = {
    .pause_ms = PAUSE_MS, .gap_ms = GAP_MS, .run = claim_some, .busy = busy, .close = close_flow};

struct payment_jobs *payment_jobs_open(struct fulfillment *f, const struct payment_kind *kind)
{
    struct payment_jobs *jobs = wr_alloc(sizeof *jobs);
    jobs->f = f;
    jobs->kind = kind;
    jobs->repeat = repeat_new(&f->repeats, f->loop, &repeated, jobs);
    jobs->gather = wr_timer_new(f->loop, on_gathered, jobs);
    return jobs;
}

void payment_jobs_kick(struct payment_jobs *jobs)
{
    if (jobs)
        repeat_kick(jobs->repeat);
}
