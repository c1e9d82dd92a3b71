/* expire_sessions.c
 *
 *   every 500 ms: lock lapsed sessions -> expired, each with its event -> commit -> deliver
 *                                              ^---------- at once again, while a batch was full
 */
#include "expire_sessions.h"
#include "deliver_webhooks.h"
#include "sandbox_metrics.h"
#include "session_store.h"
#include "sql_sandbox.h"
#include <stdlib.h>

enum { PERIOD_MS = 500, BATCH = 50 };

struct sweep {
    struct sandboxd *d;
    size_t expired;
};

static enum wr_err expire_all(struct wr_pg_conn *c, struct sweep *sweep, const struct wr_rows *rows)
{
    enum wr_err err = WR_OK;
    for (size_t i = 0; i < wr_rows_count(rows) && !err; i++) {
        struct session s;
        enum session_verdict verdict;
        struct session_news news = {0};
        err = session_read(rows, i, &s);
        if (!err)
            err = session_change(c, &s, SESSION_LAPSE, "", sweep->d->base, &verdict, &news);
        free(news.payload);
        sweep->expired += !err && verdict == SESSION_CHANGED;
    }
    return err;
}

static enum wr_err sweep_in_transaction(struct wr_pg_conn *c, void *op)
{
    struct wr_rows *rows = NULL;
    enum wr_err err = wr_pg_query(c, &wr_sql_lock_lapsed, 1, (const char *const[]){WR_PG_INT(BATCH)}, &rows);
    if (!err)
        err = expire_all(c, op, rows);
    wr_rows_free(rows);
    return err;
}

static enum wr_err sweep_work(struct wr_pg_conn *c, void *op)
{
    return wr_pg_transact(c, sweep_in_transaction, op);
}

static void on_swept(void *op, enum wr_err err)
{
    struct sweep *sweep = op;
    struct sandboxd *d = sweep->d;
    d->expiring = false;
    if (!err && sweep->expired) {
        wr_metric_add(METRIC_EXPIRED, (int64_t)sweep->expired);
        deliver_webhooks_soon(d);
    }
    if (!err && sweep->expired == BATCH && d->expiry)
        wr_timer_start(d->expiry, 0, PERIOD_MS);
    free(sweep);
}

static void on_due(void *ctx)
{
    struct sandboxd *d = ctx;
    if (d->expiring)
        return;
    struct sweep *sweep = wr_alloc(sizeof *sweep);
    sweep->d = d;
    d->expiring = wr_pg_submit(d->pg, sweep_work, on_swept, sweep) == WR_OK;
    if (!d->expiring)
        free(sweep);
}

void expire_sessions_start(struct sandboxd *d)
{
    d->expiry = wr_timer_new(d->loop, on_due, d);
    wr_timer_start(d->expiry, PERIOD_MS, PERIOD_MS);
}
