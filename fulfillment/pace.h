/* pace.h - how many events may be taken from Kafka now: a bucket filled at the rate set live. Pure: the
 * caller brings the time (monotonic ms).
 *
 * What has waited longer than PACE_LATE_MS is a backlog; it has a rate of its own when one is set. A batch is
 * worth waiting for: below PACE_BATCH_MIN allowed events nothing is taken unless the bucket holds no more
 * than that. */
#ifndef FULFILLMENT_PACE_H
#define FULFILLMENT_PACE_H
#include <stddef.h>
#include <stdint.h>

#define PACE_BATCH_MIN 50
#define PACE_BATCH_MAX 500
#define PACE_LATE_MS 10000

struct pace {
    double allowed;
    uint64_t filled_at_ms;
};
/* The rate that applies to events that have waited `age_ms`; catch_up 0: none of its own. */
int64_t pace_rate(int64_t per_second, int64_t catch_up_per_second, int64_t age_ms);
/* Events that may be taken in one batch now; 0: wait. */
size_t pace_allows(struct pace *p, uint64_t now_ms, int64_t per_second);
void pace_took(struct pace *p, size_t count);

#endif
