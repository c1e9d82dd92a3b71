/* accept_orders.c
 *
 *   take (Kafka, as many as the pace allows) --> record (PostgreSQL, one transaction) --committed--> done: offsets stored
 *     ^                                             |
 *     +---- the same messages come again -----------+ refused, unknown, or the database is away: done as not worked
 *
 * While the database is away nothing is taken, but the consumer is held: it stays in its group.
 */
#include "accept_orders.h"
#include "clock.h"
#include "fulfillment_metrics.h"
#include "fulfillmentd.h"
#include "keyspace.h"
#include "log.h"
#include "mem.h"
#include "order.h"
#include "pace.h"
#include "record_orders.h"
#include "repeat.h"
#include <stdlib.h>

enum {
    PAUSE_MS = 50,
    STALLED_MS = 30000,
    GAP_MS = 25, /* a transaction for what came meanwhile, not one for each */
};

struct accept_orders {
    struct fulfillment *f;
    struct wr_consumer *consumer;
    struct repeat *repeat;
    struct pace pace;
    size_t allowed;
    int64_t age_ms; /* of the first event of the last batch when it was taken */
    struct wr_message messages[PACE_BATCH_MAX];
    struct order_batch batch;
    struct batch_item items[PACE_BATCH_MAX];
};

static void take(void *ctx);
static enum wr_err record(struct wr_pg_conn *c, void *op);
static void on_recorded(void *op, enum wr_err err);
static void count(struct accept_orders *a);

static void read_messages(struct accept_orders *a, size_t taken)
{
    a->age_ms = wr_wall_ms() - a->messages[0].timestamp_ms;
    a->batch = (struct order_batch){.source = WR_TOPIC_RESERVATIONS, .items = a->items, .count = taken};
    for (size_t i = 0; i < taken; i++) {
        const struct wr_message *m = &a->messages[i];
        a->items[i] = (struct batch_item){.partition = m->partition,
                                          .position = m->offset,
                                          .key = m->key,
                                          .key_len = m->key_len,
                                          .payload = m->value,
                                          .len = m->len};
        batch_item_read(&a->items[i]);
    }
}

static void take(void *ctx)
{
    struct accept_orders *a = ctx;
    const struct fulfillment *f = a->f;
    int64_t rate = pace_rate(watch_backlog_rate(f->backlog), f->config->catch_up_per_second, a->age_ms);
    size_t allowed = pace_allows(&a->pace, wr_mono_ms(), rate);
    a->allowed = allowed;
    size_t taken = 0;
    if (!wr_pg_connected(f->pg))
        wr_consumer_hold(a->consumer);
    else if (allowed)
        taken = wr_consumer_take(a->consumer, a->messages, allowed);
    if (!taken) {
        a->age_ms = allowed ? 0 : a->age_ms;
        repeat_ended(a->repeat, REPEAT_IDLE);
        return;
    }
    pace_took(&a->pace, taken);
    read_messages(a, taken);
    if (wr_pg_submit(f->pg, record, on_recorded, a) != WR_OK)
        on_recorded(a, WR_ERR_BACKEND);
}

static enum wr_err record(struct wr_pg_conn *c, void *op)
{
    struct accept_orders *a = op;
    return record_orders(c, &a->batch);
}

static void on_recorded(void *op, enum wr_err err)
{
    struct accept_orders *a = op;
    wr_consumer_done(a->consumer, err == WR_OK);
    if (err) {
        wr_warn("a batch of events is done again", "count=%zu err=%s", a->batch.count, wr_err_slug(err));
        wr_metric_add(METRIC_BATCHES_AGAIN, 1);
    } else {
        count(a);
    }
    repeat_ended(a->repeat, err ? REPEAT_FAILED : a->batch.count == a->allowed ? REPEAT_MORE : REPEAT_SOON);
}

static void count(struct accept_orders *a)
{
    const struct record_counts *done = &a->batch.done;
    wr_metric_add(METRIC_BATCHES, 1);
    order_count_status(ORDER_QUEUED, done->accepted);
    order_count_status(ORDER_FAILED, done->oversold + done->refused);
    order_count_status(ORDER_CANCELLED, done->cancelled);
    wr_metric_add(METRIC_OVERSOLD, done->oversold);
    wr_metric_add(METRIC_EVENTS_KNOWN, done->known);
    wr_metric_add(METRIC_EVENTS_DEAD, done->dead);
    wr_metric_add(METRIC_EVENTS_CANCEL, done->cancels);
    if (done->accepted)
        payment_jobs_kick(a->f->links);
    if (done->accepted || done->oversold || done->cancelled || done->refused)
        repeat_kick(a->f->relay);
    if (done->cancels)
        repeat_kick(a->f->cancels);
    if (done->dead)
        repeat_kick(a->f->dead_letters);
}

static void on_readable(void *ctx)
{
    struct accept_orders *a = ctx;
    repeat_kick(a->repeat);
}

static void close_flow(void *ctx)
{
    struct accept_orders *a = ctx;
    wr_consumer_close(a->consumer);
    free(a);
}

static const struct repeat_kind repeated = {
    .pause_ms = PAUSE_MS, .gap_ms = GAP_MS, .run = take, .close = close_flow};

enum wr_err accept_orders_open(struct accept_orders **out, struct fulfillment *f)
{
    struct accept_orders *a = wr_alloc(sizeof *a);
    struct wr_consumer_config config = {.bootstrap = f->config->kafka_bootstrap,
                                        .group = f->config->kafka_group,
                                        .topic = WR_TOPIC_RESERVATIONS,
                                        .client_id = "fulfillmentd",
                                        .on_readable = on_readable,
                                        .ctx = a};
    a->f = f;
    a->pace.filled_at_ms = wr_mono_ms();
    enum wr_err err = wr_consumer_open(&a->consumer, f->loop, &config);
    if (err) {
        free(a);
        return err;
    }
    a->repeat = repeat_new(&f->repeats, f->loop, &repeated, a);
    *out = a;
    return WR_OK;
}

bool accept_orders_connected(const struct accept_orders *a)
{
    return wr_consumer_connected(a->consumer);
}

bool accept_orders_stalled(const struct accept_orders *a)
{
    return wr_consumer_stalled_ms(a->consumer) >= STALLED_MS;
}

void accept_orders_measure(const struct accept_orders *a)
{
    wr_metric_set(METRIC_KAFKA_LAG, wr_consumer_lag(a->consumer));
    wr_metric_set(METRIC_KAFKA_STALLED, (int64_t)(wr_consumer_stalled_ms(a->consumer) / 1000));
    wr_metric_raise_to(METRIC_KAFKA_BACK, wr_consumer_jumps_back(a->consumer));
}
