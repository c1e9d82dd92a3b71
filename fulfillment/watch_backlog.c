#include "watch_backlog.h"
#include "fulfillment_metrics.h"
#include "fulfillmentd.h"
#include "mem.h"
#include "repeat.h"
#include "sql_fulfillment.h"
#include <stdlib.h>

enum { PAUSE_MS = 1000 };

static const struct {
    const char *column;
    enum metric metric;
} gauges[] = {
    {"orders_per_second", METRIC_ORDERS_RATE}, {"outbox", METRIC_OUTBOX},
    {"outbox_age_s", METRIC_OUTBOX_AGE},       {"webhooks_waiting", METRIC_WEBHOOKS_WAITING},
    {"dead_letters", METRIC_DEAD_WAITING},     {"payments_waiting", METRIC_PAYMENTS_WAITING},
    {"refunds_failed", METRIC_REFUNDS_FAILED},
};
enum { GAUGES = sizeof gauges / sizeof *gauges };

struct watch_backlog {
    struct fulfillment *f;
    struct repeat *repeat;
    int64_t rate, read[GAUGES];
};

static enum wr_err work(struct wr_pg_conn *c, void *op)
{
    struct watch_backlog *w = op;
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_read_gauges, 0, NULL, &rows);
    if (err)
        return err;
    for (size_t i = 0; i < GAUGES; i++)
        w->read[i] = wr_rows_int(rows, 0, gauges[i].column);
    wr_rows_free(rows);
    return WR_OK;
}

static void on_read(void *op, enum wr_err err)
{
    struct watch_backlog *w = op;
    wr_metric_set(METRIC_DATABASE, !err);
    for (size_t i = 0; i < GAUGES && !err; i++)
        wr_metric_set(gauges[i].metric, w->read[i]);
    if (!err)
        w->rate = w->read[0];
    accept_orders_measure(w->f->accept);
    wr_metric_raise_to(METRIC_PRODUCER_RECREATED, wr_producer_recreated(w->f->producer));
    wr_metric_set(METRIC_PROVIDER_BREAKER, (int64_t)provider_breaker(w->f->provider));
    repeat_ended(w->repeat, err ? REPEAT_FAILED : REPEAT_IDLE);
}

static void run(void *ctx)
{
    struct watch_backlog *w = ctx;
    if (wr_pg_submit(w->f->pg, work, on_read, w) != WR_OK)
        repeat_ended(w->repeat, REPEAT_FAILED);
}

static const struct repeat_kind repeated = {.pause_ms = PAUSE_MS, .run = run, .close = free};

struct watch_backlog *watch_backlog_open(struct fulfillment *f)
{
    struct watch_backlog *w = wr_alloc(sizeof *w);
    w->f = f;
    w->repeat = repeat_new(&f->repeats, f->loop, &repeated, w);
    return w;
}

int64_t watch_backlog_rate(const struct watch_backlog *w)
{
    return w->rate;
}
