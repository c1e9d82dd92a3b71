#include "climb.h"
#include <stdbool.h>

void climb_look(struct climb *climb, int64_t ms, int64_t count)
{
    bool risen = climb->looks++ && count > climb->seen;
    climb->seen = count;
    if (!risen)
        return;
    if (!climb->from_ms) {
        climb->from_ms = ms;
        climb->from = count;
    }
    climb->to_ms = ms;
    climb->to = count;
}

double climb_seconds(const struct climb *climb)
{
    return (double)(climb->to_ms - climb->from_ms) / 1000;
}

double climb_per_s(const struct climb *climb)
{
    double seconds = climb_seconds(climb);
    return seconds > 0 ? (double)(climb->to - climb->from) / seconds : 0;
}
