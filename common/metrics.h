/* metrics.h - one table of metrics per process, in memory shared by its preforked workers, as Prometheus
 * text.
 *
 * Whichever worker answers /metrics prints the sum over all. Labels are fixed in the table: no label is ever
 * made from what a client sent. Updates are relaxed atomic adds: from any thread. */
#ifndef WR_METRICS_H
#define WR_METRICS_H
#include "err.h"
#include "mem.h"
#include <stddef.h>
#include <stdint.h>

enum wr_metric_type { WR_COUNTER, WR_GAUGE, WR_HISTOGRAM };
struct wr_metric {
    const char *name, *labels, *help; /* labels: "kind=\"poll\"" or NULL; rows of one name stand together */
    enum wr_metric_type type;         /* HISTOGRAM: observations in microseconds, printed in seconds */
};
/* A daemon's table has rows X(ID, TYPE, name, labels, help); the first makes its ids, the second the array given
 * to wr_metrics_open(). Ids are indices. */
#define WR_METRIC_ID(id, type_, name_, labels_, help_) METRIC_##id,
#define WR_METRIC_ROW(id, type_, name_, labels_, help_)                                                      \
    [METRIC_##id] = {.name = name_, .labels = labels_, .help = help_, .type = WR_##type_},
void wr_metrics_open(const struct wr_metric *table, size_t count, int workers); /* before forking */
/* After forking: which slab is mine; zeroes its gauges. `workers` itself is the slab of the process that
 * watches them. */
void wr_metrics_worker(int index);
void wr_metric_add(size_t id, int64_t n);
void wr_metric_set(size_t id, int64_t value); /* gauges: this worker's part */
void wr_metric_observe_us(size_t id, uint64_t us);
/* A counter that a library keeps: brings this worker's part up to `total`, and never down. One caller a counter. */
void wr_metric_raise_to(size_t id, int64_t total);
int64_t wr_metric_read(size_t id); /* this worker's part, for tests */
void wr_metrics_render(struct wr_buf *out);
/* Counts wr_worker_restarts_total; the process that watches the workers calls it. */
void wr_metrics_restart(void);
/* Counts wr_refusals_total{problem="slug"}; http and sockets call it. */
void wr_metrics_refusal(enum wr_err err);

#endif
