/* payment_jobs.c */
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
#include <string.h>

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
    int wanted;   /* of the claim under way */
    bool starved; /* there may be more, but the provider was busy to its limit */
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
    int room = provider_room(jobs->f->provider);
    jobs->wanted = room < PAYMENT_JOBS_MAX ? room : PAYMENT_JOBS_MAX;
    jobs->starved = jobs->wanted <= 0;
    if (jobs->wanted <= 0)
        repeat_ended(jobs->repeat, REPEAT_IDLE);
    else if (wr_pg_submit(jobs->f->pg, claim, on_claimed, jobs) != WR_OK)
        repeat_ended(jobs->repeat, REPEAT_FAILED);
}

static void take_text(char *out, size_t cap, const struct wr_rows *rows, size_t row, const char *column)
{
    const char *text = wr_rows_text(rows, row, column);
    snprintf(out, cap, "%s", text ? text : "");
}

static struct payment_job *read_job(const struct wr_rows *rows, size_t row)
{
    struct payment_job *job = wr_alloc(sizeof *job);
    job->id = wr_rows_int(rows, row, "id");
    job->unit_price = wr_rows_int(rows, row, "unit_price");
    job->quantity = wr_rows_int(rows, row, "quantity");
    job->attempts = wr_rows_int(rows, row, "attempts");
    take_text(job->order_id, sizeof job->order_id, rows, row, "public_id");
    take_text(job->sale, sizeof job->sale, rows, row, "sale");
    take_text(job->name, sizeof job->name, rows, row, "sku_name");
    take_text(job->currency, sizeof job->currency, rows, row, "currency");
    take_text(job->session_id, sizeof job->session_id, rows, row, "provider_id");
    return job;
}

static enum wr_err claim(struct wr_pg_conn *c, void *op)
{
    struct payment_jobs *jobs = op;
    char limit[12];
    struct wr_rows *rows;
    jobs->claimed_count = 0;
    snprintf(limit, sizeof limit, "%d", jobs->wanted);
    enum wr_err err =
        wr_pg_query(c, &wr_sql_claim_payments, 2, (const char *[]){jobs->kind->state, limit}, &rows);
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
        repeat_ended(jobs->repeat, REPEAT_FAILED);
        return;
    }
    for (size_t i = 0; i < jobs->claimed_count; i++) {
        struct payment_job *job = jobs->claimed[i];
        job->jobs = jobs;
        jobs->running++;
        jobs->kind->call(jobs->f->provider, job);
    }
    repeat_ended(jobs->repeat, jobs->claimed_count == (size_t)jobs->wanted ? REPEAT_MORE : REPEAT_IDLE);
}

/* ---- call ---- */

void payment_job_open_session(struct provider *provider, struct payment_job *job, provider_done *done)
{
    struct provider_order order = {.order_id = job->order_id,
                                   .sale = job->sale,
                                   .name = job->name,
                                   .unit_price = job->unit_price,
                                   .quantity = job->quantity,
                                   .currency = job->currency};
    provider_open_session(provider, &order, done, job);
}

struct provider *payment_job_provider(const struct payment_job *job)
{
    return job->jobs->f->provider;
}

void payment_job_answered(void *ctx, enum provider_outcome outcome, const char *session_id, const char *url)
{
    struct payment_job *job = ctx;
    job->outcome = outcome;
    if (session_id)
        snprintf(job->session_id, sizeof job->session_id, "%s", session_id);
    if (url)
        snprintf(job->url, sizeof job->url, "%s", url);
    struct payment_jobs *jobs = job->jobs;
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
                job->order_id, job->jobs->kind->state, wr_err_slug(err));
        job->outcome = PROVIDER_AGAIN;
        if (wr_pg_submit(f->pg, put_back, on_put_back, job) != WR_OK)
            forget(job);
        return;
    }
    order_count(&job->order);
    relay_outbox_kick(f->relay);
    /* What was settled may be work of another kind now. */
    if (strcmp(job->order.payment_state, "closing") == 0)
        payment_jobs_kick(f->closings);
    if (strcmp(job->order.payment_state, "refunding") == 0)
        payment_jobs_kick(f->refunds);
    forget(job);
}

/* ---- put back ---- */

static enum wr_err put_back(struct wr_pg_conn *c, void *op)
{
    struct payment_job *job = op;
    char id[24], delay[24];
    uint32_t random;
    wr_random(&random, sizeof random);
    snprintf(id, sizeof id, "%lld", (long long)job->id);
    snprintf(delay, sizeof delay, "%llu",
             (unsigned long long)wr_backoff_ms(job->attempts, AGAIN_MS, AGAIN_MAX_MS, random));
    return wr_pg_query(c, &wr_sql_put_back_payment, 2, (const char *[]){id, delay}, NULL);
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
    if (jobs->starved && provider_room(jobs->f->provider) > 0)
        repeat_kick(jobs->repeat);
}

/* ---- life ---- */

struct payment_jobs *payment_jobs_open(struct fulfillment *f, const struct payment_kind *kind)
{
    struct payment_jobs *jobs = wr_alloc(sizeof *jobs);
    jobs->f = f;
    jobs->kind = kind;
    jobs->repeat = repeat_new(f->loop, PAUSE_MS, GAP_MS, claim_some, jobs);
    jobs->gather = wr_timer_new(f->loop, on_gathered, jobs);
    return jobs;
}

void payment_jobs_kick(struct payment_jobs *jobs)
{
    if (jobs)
        repeat_kick(jobs->repeat);
}

void payment_jobs_stop(struct payment_jobs *jobs)
{
    repeat_stop(jobs->repeat);
}

bool payment_jobs_idle(const struct payment_jobs *jobs)
{
    return !jobs->running && !repeat_running(jobs->repeat);
}

void payment_jobs_close(struct payment_jobs *jobs)
{
    if (!jobs)
        return;
    repeat_free(jobs->repeat);
    wr_timer_free(jobs->gather);
    free(jobs);
}
