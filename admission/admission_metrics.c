#include "admission_metrics.h"

const struct wr_metric admission_metrics[METRIC_COUNT] = {ADMISSION_METRICS(WR_METRIC_ROW)};
