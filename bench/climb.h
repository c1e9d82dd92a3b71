/* climb.h - how fast a counter in Redis rose, by looks at it: from the first look that saw it risen to the last. Pure. */
#ifndef BENCH_CLIMB_H
#define BENCH_CLIMB_H
#include <stddef.h>
#include <stdint.h>

struct climb { /* start with {0} */
    size_t looks;
    int64_t seen;           /* at the last look */
    int64_t from_ms, to_ms; /* 0: it has not risen */
    int64_t from, to;       /* what was counted then */
};
void climb_look(struct climb *climb, int64_t ms, int64_t count);
double climb_seconds(const struct climb *climb);
double climb_per_s(const struct climb *climb); /* 0: no two looks saw it risen */

#endif
