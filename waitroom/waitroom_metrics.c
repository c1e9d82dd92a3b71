#include "waitroom_metrics.h"

const struct wr_metric waitroom_metrics[METRIC_COUNT] = {WAITROOM_METRICS(WR_METRIC_ROW)};
