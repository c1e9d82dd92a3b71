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
/* In a daemon: an X-macro table -> `enum metric { METRIC_JOINS, ... }` and the array given here. Ids are
 * indices. */
void wr_metrics_open(const struct wr_metric *table, size_t count, int workers); /* before forking */
/* After forking: which slab is mine; zeroes its gauges. `workers` itself is the slab of the process that
 * watches them. */
void wr_metrics_worker(int index);
void wr_metric_add(size_t id, int64_t n);
void wr_metric_set(size_t id, int64_t value); /* gauges: this worker's part */
void wr_metric_observe_us(size_t id, uint64_t us);
int64_t wr_metric_read(size_t id); /* this worker's part, for tests and summaries */
void wr_metrics_render(struct wr_buf *out);
void wr_metrics_restart(
    void); /* counts wr_worker_restarts_total; the process that watches the workers calls it */
void wr_metrics_refusal(
    enum wr_err err); /* counts wr_refusals_total{problem="slug"}; http and sockets call it */

#endif
