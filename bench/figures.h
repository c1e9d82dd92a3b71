/* figures.h - what a run comes to, in numbers. Pure but for sorting the tally's samples. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H
#include "run.h"

struct figures {
    struct drip_check check;
    struct drip_met met;
    size_t tokens, taken_up, duplicate_places;
    int64_t joined;        /* as Redis counted */
    double looked_net_percent; /* granted by the looks at Redis, of the credit that accrued by our own clock */
    double joins_per_s, taken_up_percent, join_p50_ms, join_p99_ms, ack_p50_ms, ack_p99_ms, return_p50_ms,
        return_worst_ms;
    int64_t sold;      /* units confirmed by this run */
    int64_t lost;      /* accepted orders without exactly one final state */
    int64_t oversold;  /* units sold beyond what there is */
    int64_t undersold; /* units left over while somebody who would buy was turned away; of a foreign sale, while somebody waits */
};
struct figures figures_of(struct run *run);

#endif
