#include "sandbox_metrics.h"

const struct wr_metric sandbox_metrics[METRIC_COUNT] = {SANDBOX_METRICS(WR_METRIC_ROW)};
