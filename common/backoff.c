#include "backoff.h"

uint64_t wr_backoff_ms(int64_t attempt, uint64_t base_ms, uint64_t cap_ms, uint32_t random)
{
    uint64_t d = base_ms < cap_ms ? base_ms : cap_ms;
    for (int64_t i = 1; i < attempt && d < cap_ms; i++)
        d = d * 2 < cap_ms ? d * 2 : cap_ms;
    return d / 2 + random % (d - d / 2 + 1);
}
