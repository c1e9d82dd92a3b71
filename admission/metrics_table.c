#include "metrics_table.h"

const struct wr_metric admission_metrics[METRIC_COUNT] = {
#define X(id, name_, labels_, help_, type_)                                                                  \
    [METRIC_##id] = {.name = name_, .labels = labels_, .help = help_, .type = type_},
    ADMISSION_METRICS(X)
#undef X
};
