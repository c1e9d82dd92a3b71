/* admission_metrics.h - what admissiond counts. */
#ifndef ADMISSION_METRICS_H
#define ADMISSION_METRICS_H
#include "metrics.h"

#define ADMISSION_METRICS(X)                                                                                 \
    X(SALES, GAUGE, "wr_admission_sales", NULL, "Sales this instance steps.")                                \
    X(DATABASE, GAUGE, "wr_database_up", NULL, "1 when PostgreSQL answered the last question.")              \
    X(GENERATIONS, COUNTER, "wr_admission_generations_total", NULL, "Generations opened by this instance.")  \
    X(CEILINGS, COUNTER, "wr_admission_ceiling_raises_total", NULL, "Ceilings raised by this instance.")     \
    X(PUBLISHED, COUNTER, "wr_admission_published_total", NULL,                                              \
      "Sale documents published by this instance.")                                                          \
    X(PHASES, COUNTER, "wr_admission_phase_steps_total", NULL, "Phases stepped by this instance.")           \
    X(DEALS, COUNTER, "wr_admission_deals_total", NULL, "Deals of stock made by this instance.")             \
    X(REBUILDS, GAUGE, "wr_admission_rebuilds_needed", NULL,                                                 \
      "Sales whose stock is lost; they wait, closed.")                                                       \
    X(TABLES, COUNTER, "wr_admission_tables_total", NULL, "Presence tables published by this instance.")     \
    X(SPENT_COPIES, COUNTER, "wr_admission_spent_copies_total", NULL,                                        \
      "Copies of spent places to PostgreSQL.")                                                               \
    X(STEPS_FAILED, COUNTER, "wr_admission_steps_failed_total", NULL,                                        \
      "Steps that a store refused or did not answer.")                                                       \
    X(CHANGES, COUNTER, "wr_admission_changes_total", NULL, "Merchant's changes that acted.")                \
    X(CHANGES_WAITING, GAUGE, "wr_admission_changes_waiting", NULL,                                          \
      "Changes in force, not yet in PostgreSQL.")                                                            \
    X(VERIFIED, COUNTER, "wr_admission_verify_total", "answer=\"accepted\"",                                 \
      "Questions at verify; refused are also those without a token and while Redis is away.")                \
    X(VERIFY_REFUSED, COUNTER, "wr_admission_verify_total", "answer=\"refused\"",                            \
      "Questions at verify; refused are also those without a token and while Redis is away.")

enum metric { ADMISSION_METRICS(WR_METRIC_ID) METRIC_COUNT };
extern const struct wr_metric admission_metrics[METRIC_COUNT];

#endif
