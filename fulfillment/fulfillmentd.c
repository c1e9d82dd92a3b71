/* fulfillmentd.c - opens and closes the long-lived parts. None of them waits for a server: each keeps trying.
 */
#include "fulfillmentd.h"
#include "file.h"
#include "log.h"
#include "mem.h"
#include <stdlib.h>

enum {
    DATABASE_QUEUE_MAX = 4096,
    DRAIN_CHECK_MS = 20,
};

static enum wr_err open_webhook_secret(struct fulfillment *f)
{
    struct wr_buf secret = {0};
    enum wr_err err = wr_secret_file_read(&secret, f->config->webhook_secret_file);
    if (!err)
        f->webhook_secret = wr_hmac_new(secret.at, secret.len);
    wr_buf_free(&secret);
    return err;
}

static enum wr_err open_stores(struct fulfillment *f)
{
    const struct fulfillment_config *config = f->config;
    struct wr_redis_config redis = {.address = config->redis_stock};
    struct wr_producer_config producer = {.bootstrap = config->kafka_bootstrap, .client_id = "fulfillmentd"};
    struct provider_config provider = {.url = config->payment_url,
                                       .key_file = config->payment_key_file,
                                       .in_flight_max = (int)config->payment_concurrency,
                                       .deadline_ms = (int)config->payment_deadline_ms};
    enum wr_err err = open_webhook_secret(f);
    if (!err)
        err =
            wr_pg_open(&f->pg, f->loop, config->database, (int)config->database_threads, DATABASE_QUEUE_MAX);
    if (!err)
        err = wr_redis_open(&f->stock, f->loop, &redis);
    if (!err)
        err = wr_producer_open(&f->producer, f->loop, &producer);
    if (!err)
        err = provider_open(&f->provider, f->loop, &provider);
    return err;
}

enum wr_err fulfillment_open(struct wr_runtime *runtime, const void *config, void **daemon)
{
    struct fulfillment *f = wr_alloc(sizeof *f);
    f->config = config;
    f->runtime = runtime;
    f->loop = wr_runtime_loop(runtime);
    enum wr_err err = open_stores(f);
    if (!err)
        err = accept_orders_open(&f->accept, f);
    if (err) {
        wr_error("fulfillment cannot start", "err=%s", wr_err_slug(err));
        fulfillment_close(f);
        return err;
    }
    f->backlog = watch_backlog_open(f);
    f->relay = relay_outbox_open(f);
    f->links = payment_jobs_open(f, &get_payment_links);
    f->closings = payment_jobs_open(f, &close_payments);
    f->refunds = payment_jobs_open(f, &refund_payments);
    f->second_refunds = payment_jobs_open(f, &refund_second_payments);
    f->intake = webhook_intake_open(f);
    f->webhooks = process_webhooks_open(f);
    expire_holds_open(f);
    f->cancels = cancel_orders_open(f);
    f->dead_letters = publish_dead_letters_open(f);
    *daemon = f;
    return WR_OK;
}

bool fulfillment_ready(void *daemon, const char **why)
{
    static const char *const missing[] = {
        NULL,
        "PostgreSQL does not answer",
        "Redis does not answer",
        "PostgreSQL and Redis do not answer",
        "Kafka does not answer",
        "PostgreSQL and Kafka do not answer",
        "Redis and Kafka do not answer",
        "PostgreSQL, Redis and Kafka do not answer",
    };
    const struct fulfillment *f = daemon;
    unsigned away = (wr_pg_connected(f->pg) ? 0 : 1) + (wr_redis_connected(f->stock) ? 0 : 2) +
                    (accept_orders_connected(f->accept) ? 0 : 4);
    *why = missing[away] || !accept_orders_stalled(f->accept)
               ? missing[away]
               : "Events wait in Kafka, and none was done for 30 s";
    return !*why;
}

/* ---- drain: start nothing new, end what is under way, let another instance relay ---- */

static bool idle(const struct fulfillment *f)
{
    return repeats_idle(&f->repeats) && (!f->intake || webhook_intake_idle(f->intake));
}

static void on_yielded(void *ctx, enum wr_err err)
{
    struct fulfillment *f = ctx;
    (void)err; /* the lease ends by itself */
    f->yield = YIELDED;
}

/* Not at the end: a payment provider may take its time over what is under way. */
static void yield_relay(struct fulfillment *f)
{
    f->yield = YIELDING;
    if (!wr_pg_connected(f->pg) || wr_pg_submit(f->pg, relay_outbox_yield, on_yielded, f) != WR_OK)
        f->yield = YIELDED;
}

static void check_drained(void *ctx)
{
    struct fulfillment *f = ctx;
    if (f->yield == YIELD_NOT && !repeat_runs(f->relay))
        yield_relay(f);
    if (!idle(f) || f->yield != YIELDED)
        return;
    wr_timer_stop(f->drain_timer);
    wr_drained(f->runtime);
}

void fulfillment_drain(void *daemon)
{
    struct fulfillment *f = daemon;
    repeats_stop(&f->repeats);
    f->drain_timer = wr_timer_new(f->loop, check_drained, f);
    wr_timer_start(f->drain_timer, 0, DRAIN_CHECK_MS);
}

/* What did not end within the drain limit is left as a crash would leave it: every flow survives that, while
 * closing a server under it would call back into flows that want another server, closed already. */
void fulfillment_close(void *daemon)
{
    struct fulfillment *f = daemon;
    if (!idle(f)) {
        wr_warn("work was still under way; its leases end by themselves", "");
        return;
    }
    provider_close(f->provider);
    wr_producer_close(f->producer);
    wr_redis_close(f->stock);
    wr_pg_close(f->pg);
    wr_timer_free(f->drain_timer);
    repeats_close(&f->repeats);
    webhook_intake_close(f->intake);
    wr_hmac_free(f->webhook_secret);
    free(f);
}
