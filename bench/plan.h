/* plan.h - what each shopper will do and when, from the seed alone: the same crowd every time. Pure. */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H
#include "options.h"
#include <stdint.h>

enum part {
    BUYER,  /* the whole journey */
    ABSENT, /* joins, closes, never comes back */
    DEAF,   /* joins; the socket stays open and nothing is ever answered */
    IDLE,   /* is admitted and does not buy */
    UNPAID, /* buys and does not pay */
};

struct plan {
    enum part part;
    uint32_t arrive_ms; /* from the start of the crowd */
    uint32_t drop_ms;   /* drops out this long after joining and returns with the ticket; 0: never */
    uint64_t random;    /* state of the shopper's own generator */
};
/* Shoppers come first; those from `o->shoppers` on are the deaf ones beside them. */
struct plan plan_shopper(const struct options *o, uint32_t index);

uint64_t plan_random(uint64_t *state);
uint32_t plan_random_below(uint64_t *state, uint32_t bound); /* 0 when bound is 0 */

#endif
