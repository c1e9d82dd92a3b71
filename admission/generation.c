#include "generation.h"
#include <string.h>

bool generation_lost(const struct line *line, int64_t run, const char *redis_run_id)
{
    if (!line->there || line->run < run)
        return true;
    return line->run == run && strcmp(line->run_id, redis_run_id) != 0;
}

bool generation_may_open(const struct generation_newest *newest, const char *redis_run_id)
{
    return newest->gen == 0 || strcmp(newest->redis_run_id, redis_run_id) != 0 ||
           newest->age_ms >= GENERATION_HALF_OPEN_MS;
}
