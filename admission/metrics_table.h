/* metrics_table.h - what admissiond counts. A metric is one line. */
#ifndef ADMISSION_METRICS_TABLE_H
#define ADMISSION_METRICS_TABLE_H
#include "metrics.h"

/* X(id, name, labels, help, type) */
#define ADMISSION_METRICS(X)                                                                                 \
    X(SALES, "wr_admission_sales", NULL, "Sales this instance steps.", WR_GAUGE)                             \
    X(DATABASE, "wr_admission_database_up", NULL, "1 when PostgreSQL answered the last question.", WR_GAUGE) \
    X(GENERATIONS, "wr_admission_generations_total", NULL, "Generations opened by this instance.",           \
      WR_COUNTER)                                                                                            \
    X(CEILINGS, "wr_admission_ceiling_raises_total", NULL, "Ceilings raised by this instance.", WR_COUNTER)  \
    X(PUBLISHED, "wr_admission_published_total", NULL, "Sale documents published by this instance.",         \
      WR_COUNTER)                                                                                            \
    X(PHASES, "wr_admission_phase_steps_total", NULL, "Phases stepped by this instance.", WR_COUNTER)        \
    X(DEALS, "wr_admission_deals_total", NULL, "Deals of stock made by this instance.", WR_COUNTER)          \
    X(TABLES, "wr_admission_tables_total", NULL, "Presence tables published by this instance.", WR_COUNTER)  \
    X(SPENT_COPIES, "wr_admission_spent_copies_total", NULL, "Copies of spent places to PostgreSQL.",        \
      WR_COUNTER)                                                                                            \
    X(STEPS_FAILED, "wr_admission_steps_failed_total", NULL,                                                 \
      "Steps that a store refused or did not answer.", WR_COUNTER)                                           \
    X(CHANGES, "wr_admission_changes_total", NULL, "Merchant's changes that acted.", WR_COUNTER)             \
    X(CHANGES_WAITING, "wr_admission_changes_waiting", NULL, "Changes in force, not yet in PostgreSQL.",     \
      WR_GAUGE)                                                                                              \
    X(VERIFIED, "wr_admission_verify_total", "answer=\"accepted\"", "Tokens shown to verify.", WR_COUNTER)   \
    X(VERIFY_REFUSED, "wr_admission_verify_total", "answer=\"refused\"", "Tokens shown to verify.",          \
      WR_COUNTER)

enum metric {
#define X(id, name, labels, help, type) METRIC_##id,
    ADMISSION_METRICS(X)
#undef X
        METRIC_COUNT
};
extern const struct wr_metric admission_metrics[METRIC_COUNT];

#endif
