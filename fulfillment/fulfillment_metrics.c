#include "fulfillment_metrics.h"

const struct wr_metric fulfillment_metrics[METRIC_COUNT] = {FULFILLMENT_METRICS(WR_METRIC_ROW)};
