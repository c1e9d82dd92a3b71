/* fulfillment_metrics.h - what fulfillmentd counts. */
#ifndef FULFILLMENT_METRICS_H
#define FULFILLMENT_METRICS_H
#include "metrics.h"

#define FULFILLMENT_METRICS(X)                                                                               \
    X(ORDERS_QUEUED, COUNTER, "wr_orders_total", "status=\"queued\"", "Orders that reached a status")        \
    X(ORDERS_PENDING, COUNTER, "wr_orders_total", "status=\"pending_payment\"",                              \
      "Orders that reached a status")                                                                        \
    X(ORDERS_CONFIRMED, COUNTER, "wr_orders_total", "status=\"confirmed\"", "Orders that reached a status")  \
    X(ORDERS_EXPIRED, COUNTER, "wr_orders_total", "status=\"expired\"", "Orders that reached a status")      \
    X(ORDERS_CANCELLED, COUNTER, "wr_orders_total", "status=\"cancelled\"", "Orders that reached a status")  \
    X(ORDERS_FAILED, COUNTER, "wr_orders_total", "status=\"failed\"", "Orders that reached a status")        \
    X(ORDERS_REFUNDED, COUNTER, "wr_orders_total", "status=\"refunded\"", "Orders that reached a status")    \
    X(OVERSOLD, COUNTER, "wr_orders_oversold_total", NULL,                                                   \
      "Reservations of units that do not exist; voided")                                                     \
    X(EVENTS_KNOWN, COUNTER, "wr_events_duplicate_total", NULL, "Reservations that were known already")      \
    X(EVENTS_CANCEL, COUNTER, "wr_events_cancel_total", NULL, "Cancels taken from Kafka")                    \
    X(EVENTS_DEAD, COUNTER, "wr_dead_letters_total", NULL,                                                   \
      "Events of Kafka that were not understood or can never be an order; neither webhooks nor refunds")     \
    X(BATCHES, COUNTER, "wr_batches_total", "outcome=\"done\"", "Batches of events, by how they ended")      \
    X(BATCHES_AGAIN, COUNTER, "wr_batches_total", "outcome=\"again\"",                                       \
      "Batches of events, by how they ended")                                                                \
    X(KAFKA_LAG, GAUGE, "wr_kafka_lag", NULL, "Events not done yet; -1: not known")                          \
    X(KAFKA_STALLED, GAUGE, "wr_kafka_stalled_seconds", NULL, "Time since events were done while some wait") \
    X(KAFKA_BACK, COUNTER, "wr_kafka_partitions_back_total", NULL,                                           \
      "Partitions that began before what was done; a few follow a rebalance")                                \
    X(PRODUCER_RECREATED, COUNTER, "wr_kafka_producer_recreated_total", NULL,                                \
      "Producers made anew after a fatal error")                                                             \
    X(DATABASE, GAUGE, "wr_database_up", NULL,                                                               \
      "1 when PostgreSQL answered the last question; else the gauges of it are as they were")                \
    X(ORDERS_RATE, GAUGE, "wr_orders_per_second_limit", NULL,                                                \
      "Rate that is set for each fulfillmentd to take events at")                                            \
    X(OUTBOX, GAUGE, "wr_outbox_entries", NULL, "Changes that Redis and shoppers were not told yet")         \
    X(OUTBOX_AGE, GAUGE, "wr_outbox_age_seconds", NULL, "Age of the oldest of them")                         \
    X(TOLD, COUNTER, "wr_outbox_told_total", "answer=\"applied\"", "Changes told to Redis, by its answer")   \
    X(TOLD_OLD, COUNTER, "wr_outbox_told_total", "answer=\"old\"", "Changes told to Redis, by its answer")   \
    X(TOLD_MISSING, COUNTER, "wr_outbox_told_total", "answer=\"missing\"",                                   \
      "Changes told to Redis, by its answer")                                                                \
    X(WEBHOOKS_STORED, COUNTER, "wr_webhooks_total", "outcome=\"stored\"", "Webhooks received")              \
    X(WEBHOOKS_KNOWN, COUNTER, "wr_webhooks_total", "outcome=\"duplicate\"", "Webhooks received")            \
    X(WEBHOOKS_FORGED, COUNTER, "wr_webhooks_total", "outcome=\"forged\"", "Webhooks received")              \
    X(WEBHOOKS_DEAD, COUNTER, "wr_webhooks_total", "outcome=\"not-understood\"", "Webhooks received")        \
    X(WEBHOOKS_WAITING, GAUGE, "wr_webhooks_waiting", NULL, "Webhooks stored and not processed yet")         \
    X(PAYMENTS_WAITING, GAUGE, "wr_payments_waiting", NULL, "Payments that need the provider")               \
    X(REFUNDS_FAILED, GAUGE, "wr_refunds_failed", NULL,                                                      \
      "Refunds that were given up and wait for somebody to look")                                            \
    X(WEBHOOKS_GIVEN_UP, COUNTER, "wr_webhooks_given_up_total", NULL,                                        \
      "Webhooks that were tried for too long")                                                               \
    X(DEAD_WAITING, GAUGE, "wr_dead_letters_waiting", NULL, "Dead letters not replayed")                     \
    X(LATE_TAKEN, COUNTER, "wr_late_payments_total", "outcome=\"taken\"", "Payments of expired orders")      \
    X(LATE_REFUNDED, COUNTER, "wr_late_payments_total", "outcome=\"refunded\"",                              \
      "Payments of expired orders")                                                                          \
    X(PROVIDER_CALLS, HISTOGRAM, "wr_provider_seconds", NULL, "Time a call to the payment provider took")    \
    X(PROVIDER_FAILURES, COUNTER, "wr_provider_failures_total", NULL, "Calls without a usable answer")       \
    X(PROVIDER_OPENED, COUNTER, "wr_provider_breaker_opened_total", NULL,                                    \
      "Times the circuit breaker opened")                                                                    \
    X(PROVIDER_NO_LINK, COUNTER, "wr_provider_links_missing_total", NULL,                                    \
      "Sessions that came without a link to pay by")                                                         \
    X(PAYMENTS_WRONG, COUNTER, "wr_payments_wrong_total", NULL,                                              \
      "Payments that were not of the order's price")                                                         \
    X(PROVIDER_BREAKER, GAUGE, "wr_provider_breaker", NULL,                                                  \
      "Circuit breaker: 0 closed, 1 open, 2 half open")

enum metric { FULFILLMENT_METRICS(WR_METRIC_ID) METRIC_COUNT };
extern const struct wr_metric fulfillment_metrics[METRIC_COUNT];

#endif
