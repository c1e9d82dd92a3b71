/* ceiling.h - how far ahead of the counter PostgreSQL lets Redis number: a minute of joins at the pace seen
 * lately, and never less than a start's first rush needs. Numbers skipped by a new generation are absent
 * shoppers and cost nothing. Pure. */
#ifndef ADMISSION_CEILING_H
#define ADMISSION_CEILING_H
#include <stdint.h>

#define CEILING_AHEAD_LEAST 5000
/* A bit of `spent` each: no pace, however mad, makes a bitmap past use. */
#define CEILING_AHEAD_MOST 10000000

struct ceiling_pace { /* zeroed before the first look */
    int64_t gen, counter;
    uint64_t at_ms;
    double per_minute; /* the highest seen, halved every 10 s */
};
/* The numbers that generation `gen` skipped when it opened were joined by nobody. */
void ceiling_observe(struct ceiling_pace *pace, int64_t gen, int64_t counter, uint64_t now_ms);
/* The ceiling to ask for, or 0 when the present one is far enough ahead. */
int64_t ceiling_wanted(const struct ceiling_pace *pace, int64_t counter, int64_t ceiling);
/* How far above the old ceiling a new generation's lies. */
int64_t ceiling_headroom(const struct ceiling_pace *pace);

#endif
