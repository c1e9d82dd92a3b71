#include "plan.h"

/* splitmix64 (Steele, Lea, Flood 2014): any state is a good one, so each shopper has a generator of its own.
 */
uint64_t plan_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t plan_random_below(uint64_t *state, uint32_t bound)
{
    return bound ? (uint32_t)((plan_random(state) >> 32) * bound >> 32) : 0;
}

static double unit(uint64_t *state)
{
    return (double)(plan_random(state) >> 11) / 9007199254740992.0;
}

static enum part part_of(const struct options *o, double u)
{
    if (u < o->absent)
        return ABSENT;
    if (u < o->absent + o->deaf)
        return DEAF;
    if (u < o->absent + o->deaf + o->abandon / 2)
        return IDLE;
    if (u < o->absent + o->deaf + o->abandon)
        return UNPAID;
    return BUYER;
}

struct plan plan_shopper(const struct options *o, uint32_t index)
{
    uint64_t random = (uint64_t)o->seed * 0x2545f4914f6cdd1du + index;
    plan_random(&random);
    struct plan p = {0};
    double u = unit(&random);
    p.part = index < (uint64_t)o->shoppers ? part_of(o, u) : DEAF;
    double when = unit(&random);
    if (o->skew == SKEW_FRONT)
        when *= when;
    else if (o->skew == SKEW_BACK)
        when = 1 - (1 - when) * (1 - when);
    p.arrive_ms = (uint32_t)(when * (double)o->skew_ms);
    if (p.part != ABSENT && p.part != DEAF && unit(&random) < o->reconnect)
        p.drop_ms = 1 + plan_random_below(&random, 4000);
    p.random = random;
    return p;
}
