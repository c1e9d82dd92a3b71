#include "ceiling.h"
#include <math.h>
#include <stdbool.h>

static int64_t ahead(const struct ceiling_pace *pace)
{
    return pace->per_minute > CEILING_AHEAD_LEAST ? (int64_t)fmin(pace->per_minute, CEILING_AHEAD_MOST)
                                                  : CEILING_AHEAD_LEAST;
}

void ceiling_observe(struct ceiling_pace *pace, int64_t gen, int64_t counter, uint64_t now_ms)
{
    if (pace->at_ms && now_ms > pace->at_ms) {
        double passed_ms = (double)(now_ms - pace->at_ms);
        bool joined = gen == pace->gen && counter > pace->counter;
        double seen = joined ? (double)(counter - pace->counter) * 60000 / passed_ms : 0;
        double decayed = pace->per_minute * pow(0.5, passed_ms / 10000);
        pace->per_minute = seen > decayed ? seen : decayed;
    }
    pace->gen = gen;
    pace->counter = counter;
    pace->at_ms = now_ms;
}

int64_t ceiling_wanted(const struct ceiling_pace *pace, int64_t counter, int64_t ceiling)
{
    int64_t minute = ahead(pace);
    return ceiling - counter >= minute ? 0 : counter + 2 * minute;
}

int64_t ceiling_headroom(const struct ceiling_pace *pace)
{
    return 2 * ahead(pace);
}
