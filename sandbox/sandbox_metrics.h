/* sandbox_metrics.h - what sandboxd counts. */
#ifndef SANDBOX_METRICS_H
#define SANDBOX_METRICS_H
#include "metrics.h"

#define SANDBOX_METRICS(X)                                                                                   \
    X(CREATED, COUNTER, "wr_sandbox_sessions_total", "change=\"created\"", "Changes of checkout sessions.")  \
    X(PAID, COUNTER, "wr_sandbox_sessions_total", "change=\"paid\"", "Changes of checkout sessions.")        \
    X(DECLINED, COUNTER, "wr_sandbox_sessions_total", "change=\"declined\"",                                 \
      "Changes of checkout sessions.")                                                                       \
    X(EXPIRED, COUNTER, "wr_sandbox_sessions_total", "change=\"expired\"", "Changes of checkout sessions.")  \
    X(REFUNDED, COUNTER, "wr_sandbox_sessions_total", "change=\"refunded\"",                                 \
      "Changes of checkout sessions.")                                                                       \
    X(DELIVERED, COUNTER, "wr_sandbox_webhooks_total", "outcome=\"delivered\"",                              \
      "Attempts to deliver a webhook.")                                                                      \
    X(NOT_DELIVERED, COUNTER, "wr_sandbox_webhooks_total", "outcome=\"again\"",                              \
      "Attempts to deliver a webhook.")

enum metric { SANDBOX_METRICS(WR_METRIC_ID) METRIC_COUNT };
extern const struct wr_metric sandbox_metrics[METRIC_COUNT];

#endif
