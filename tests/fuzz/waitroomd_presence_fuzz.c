/* Any bytes as the table of presence out of Redis: taken whole or not at all, and then nobody is ahead of place 0 and the number
 * never falls from one place to the next. */
#include "presence.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct presence_table t;
    if (presence_table_read(&t, (const char *)data, size, 0))
        return 0;
    double before = 0;
    for (uint64_t i = 0; i <= t.blocks + 2; i++) {
        for (uint64_t step = 0; step < 2; step++) {
            double ahead = presence_ahead(&t, i * t.width + step);
            if (!(ahead >= before))
                abort();
            before = ahead;
        }
    }
    (void)presence_ahead_of_newcomer(&t, UINT64_MAX, 0);
    (void)presence_ahead_of_newcomer(&t, 0, UINT64_MAX);
    return 0;
}
