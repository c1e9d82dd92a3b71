#include "meters.h"

const struct wr_metric waitroom_metrics[] = {
#define X(id, type_, name_, labels_, help_)                                                                  \
    {.name = name_, .labels = labels_, .help = help_, .type = WR_##type_},
    WAITROOM_METRICS(X)
#undef X
};
