/* run.h - one run of the crowd: what was set, what the servers and the crowd knew before and after. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H
#include "accounts.h"
#include "climb.h"
#include "drip_check.h"

struct run {
    const struct stage *stage;
    struct tally *tally;
    struct accounts before, after;
    struct drip drip;      /* as it was set before */
    struct drip_line line; /* what was seen of it in Redis */
    struct climb joins;
    struct drip_looked grants; /* until the drip was held back */
    double seconds;        /* of the crowd */
    double cpu_seconds;    /* its processes used */
    uint32_t processes;
    int64_t open_until; /* the line's clock when cap or stock first held the drip back; INT64_MAX: never */
    bool timed_out;
};
static inline unsigned long long run_count(const struct run *run, enum count count)
{
    return tally_read(run->tally, count);
}

#endif
