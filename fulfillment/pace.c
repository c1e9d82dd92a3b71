#include "pace.h"

/* A quarter of a second of events: enough to fill batches, too little to be a burst. */
static double bucket(int64_t per_second)
{
    double size = (double)per_second / 4;
    if (size > PACE_BATCH_MAX)
        size = PACE_BATCH_MAX;
    return size > 1 ? size : 1;
}

int64_t pace_rate(int64_t per_second, int64_t catch_up_per_second, int64_t age_ms)
{
    return age_ms > PACE_LATE_MS && catch_up_per_second > 0 ? catch_up_per_second : per_second;
}

size_t pace_allows(struct pace *p, uint64_t now_ms, int64_t per_second)
{
    double size = bucket(per_second);
    p->allowed += (double)(now_ms - p->filled_at_ms) / 1000 * (double)per_second;
    p->filled_at_ms = now_ms;
    if (p->allowed > size)
        p->allowed = size;
    double least = size < PACE_BATCH_MIN ? size : PACE_BATCH_MIN;
    return per_second > 0 && p->allowed >= least ? (size_t)p->allowed : 0;
}

void pace_took(struct pace *p, size_t count)
{
    p->allowed -= (double)count;
}
