/* generation.h - when a new generation is due, and whose turn it is to open it. Pure. */
#ifndef ADMISSION_GENERATION_H
#define ADMISSION_GENERATION_H
#include "line.h"
#include <stdbool.h>
#include <stdint.h>

/* The line of `run` is not there, or belongs to another Redis process than the one we talk to. A line of a
 * later run than ours is not lost: we are behind. */
bool generation_lost(const struct line *line, int64_t run, const char *redis_run_id);

#define GENERATION_HALF_OPEN_MS 3000
struct generation_newest { /* in PostgreSQL; gen 0: none */
    int64_t gen;
    const char *redis_run_id;
    int64_t age_ms;
};
/* The newest generation may be another instance's that is about to reach this very process: leave it time. If
 * it never does, the next one is opened; that is always safe and costs only numbers. */
bool generation_may_open(const struct generation_newest *newest, const char *redis_run_id);

#endif
