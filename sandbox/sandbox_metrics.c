#include "sandbox_metrics.h"

const struct wr_metric sandbox_metrics[METRIC_COUNT] = {
#define X(id, metric, labels_, help_, type_)                                                                 \
    {.name = metric, .labels = labels_, .help = help_, .type = type_},
    SANDBOX_METRICS(X)
#undef X
};
