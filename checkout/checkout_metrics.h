/* checkout_metrics.h - what checkoutd counts. Refusals are counted by problem in wr_refusals_total
 * (common/metrics.h). */
#ifndef CHECKOUT_METRICS_H
#define CHECKOUT_METRICS_H
#include "metrics.h"

#define CHECKOUT_METRICS(X)                                                                                  \
    X(HELD, "wr_checkout_reservations_total", "answer=\"held\"",                                             \
      "Reservations stored, and known keys answered again.", WR_COUNTER)                                     \
    X(KNOWN, "wr_checkout_reservations_total", "answer=\"known\"", "", WR_COUNTER)                           \
    X(FLAGGED, "wr_checkout_sold_out_flag_total", NULL, "Requests answered by the sold-out flag alone.",     \
      WR_COUNTER)                                                                                            \
    X(CANCELS, "wr_checkout_cancels_total", NULL, "Cancels put into the outbox.", WR_COUNTER)                \
    X(ACKNOWLEDGE, "wr_checkout_acknowledge_seconds", NULL, "From a whole request to its 202.",              \
      WR_HISTOGRAM)                                                                                          \
    X(KAFKA_REPORT, "wr_checkout_kafka_report_seconds", NULL,                                                \
      "From publishing an entry to Kafka's report that it has it.", WR_HISTOGRAM)                            \
    X(IN_FLIGHT, "wr_checkout_in_flight", NULL, "Checkouts and cancels under way.", WR_GAUGE)                \
    X(OUTBOX, "wr_checkout_outbox_entries", NULL, "Entries in the outboxes that Kafka has not confirmed.",   \
      WR_GAUGE)                                                                                              \
    X(RELAYED, "wr_checkout_relayed_total", NULL,                                                            \
      "Entries that lay for 2 s and reached Kafka through this relay.", WR_COUNTER)                          \
    X(KAFKA_UP, "wr_checkout_kafka_up", NULL, "1 while a broker is connected; sales go on without.",         \
      WR_GAUGE)                                                                                              \
    X(DRIFT, "wr_checkout_drift_total", NULL,                                                                \
      "Reservations refused because a stock's accounting does not close.", WR_COUNTER)

enum checkout_metric {
#define X(name, metric, labels, help, type) METRIC_##name,
    CHECKOUT_METRICS(X)
#undef X
        METRIC_COUNT
};
extern const struct wr_metric checkout_metrics[METRIC_COUNT];

#endif
