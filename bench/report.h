/* report.h - what the run showed, as text and as JSON, and whether every invariant held. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H
#include "accounts.h"
#include "drip_check.h"

struct run {
    const struct stage *stage;
    struct tally *tally;
    struct accounts before, after;
    double seconds;     /* of the crowd */
    double cpu_seconds; /* its processes used */
    uint32_t processes;
    int64_t open_until; /* the line's clock when cap or stock first held the drip back; INT64_MAX: never */
    bool timed_out;
};
/* Prints it and writes --json; the number of broken invariants. */
int report(struct run *run);

#endif
