/* backoff.h - how long to wait before trying again: doubling, capped, half of it random so that those who
 * failed together do not come back together. Pure: the caller brings the random number. */
#ifndef WR_BACKOFF_H
#define WR_BACKOFF_H
#include <stdint.h>

/* attempt: 1 for the first failure. The result lies in [d/2, d], d = min(cap, base x 2^(attempt - 1)). */
uint64_t wr_backoff_ms(int64_t attempt, uint64_t base_ms, uint64_t cap_ms, uint32_t random);

#endif
