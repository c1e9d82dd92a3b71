/* checkout_metrics.h - what checkoutd counts. Refusals are counted by problem in wr_refusals_total
 * (common/metrics.h). */
#ifndef CHECKOUT_METRICS_H
#define CHECKOUT_METRICS_H
#include "metrics.h"

#define CHECKOUT_METRICS(X)                                                                                  \
    X(HELD, COUNTER, "wr_checkout_reservations_total", "answer=\"held\"",                                    \
      "Reservations stored, and known keys answered again.")                                                 \
    X(KNOWN, COUNTER, "wr_checkout_reservations_total", "answer=\"known\"",                                  \
      "Reservations stored, and known keys answered again.")                                                 \
    X(FLAGGED, COUNTER, "wr_checkout_sold_out_flag_total", NULL,                                             \
      "Requests answered by the sold-out flag alone.")                                                       \
    X(CANCELS, COUNTER, "wr_checkout_cancels_total", NULL, "Cancels put into the outbox.")                   \
    X(ACKNOWLEDGE, HISTOGRAM, "wr_checkout_acknowledge_seconds", NULL, "From a whole request to its 202.")   \
    X(KAFKA_REPORT, HISTOGRAM, "wr_checkout_kafka_report_seconds", NULL,                                     \
      "From publishing an entry to Kafka's report that it has it.")                                          \
    X(IN_FLIGHT, GAUGE, "wr_checkout_in_flight", NULL, "Checkouts and cancels under way.")                   \
    X(OUTBOX, GAUGE, "wr_checkout_outbox_entries", NULL,                                                     \
      "Entries in the outboxes that Kafka has not confirmed.")                                               \
    X(RELAYED, COUNTER, "wr_checkout_relayed_total", NULL,                                                   \
      "Entries that lay for 2 s and reached Kafka through this relay.")                                      \
    X(KAFKA_UP, GAUGE, "wr_checkout_kafka_up", NULL, "1 while a broker is connected; sales go on without.")  \
    X(PRODUCER_RECREATED, COUNTER, "wr_kafka_producer_recreated_total", NULL,                                \
      "Producers made anew after a fatal error.")                                                            \
    X(DRIFT, COUNTER, "wr_checkout_drift_total", NULL,                                                       \
      "Reservations refused because a stock's accounting does not close.")

enum metric { CHECKOUT_METRICS(WR_METRIC_ID) METRIC_COUNT };
extern const struct wr_metric checkout_metrics[METRIC_COUNT];

#endif
