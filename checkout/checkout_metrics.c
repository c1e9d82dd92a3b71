#include "checkout_metrics.h"

const struct wr_metric checkout_metrics[METRIC_COUNT] = {CHECKOUT_METRICS(WR_METRIC_ROW)};
