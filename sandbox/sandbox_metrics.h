/* sandbox_metrics.h - what sandboxd counts. */
#ifndef SANDBOX_METRICS_H
#define SANDBOX_METRICS_H
#include "metrics.h"

#define SANDBOX_METRICS(X)                                                                                   \
    X(CREATED, "wr_sandbox_sessions_total", "change=\"created\"", "Changes of checkout sessions.",           \
      WR_COUNTER)                                                                                            \
    X(PAID, "wr_sandbox_sessions_total", "change=\"paid\"", "", WR_COUNTER)                                  \
    X(DECLINED, "wr_sandbox_sessions_total", "change=\"declined\"", "", WR_COUNTER)                          \
    X(EXPIRED, "wr_sandbox_sessions_total", "change=\"expired\"", "", WR_COUNTER)                            \
    X(REFUNDED, "wr_sandbox_sessions_total", "change=\"refunded\"", "", WR_COUNTER)                          \
    X(DELIVERED, "wr_sandbox_webhooks_total", "outcome=\"delivered\"", "Attempts to deliver a webhook.",     \
      WR_COUNTER)                                                                                            \
    X(NOT_DELIVERED, "wr_sandbox_webhooks_total", "outcome=\"again\"", "", WR_COUNTER)

enum sandbox_metric {
#define X(name, metric, labels, help, type) METRIC_##name,
    SANDBOX_METRICS(X)
#undef X
        METRIC_COUNT
};
extern const struct wr_metric sandbox_metrics[METRIC_COUNT];

#endif
