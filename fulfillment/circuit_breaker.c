#include "circuit_breaker.h"

void breaker_init(struct breaker *b, int failures_max, uint64_t pause_ms, uint64_t pause_max_ms)
{
    *b = (struct breaker){.failures_max = failures_max,
                          .pause_ms = pause_ms,
                          .pause_max_ms = pause_max_ms,
                          .pause_now_ms = pause_ms,
                          .state = BREAKER_CLOSED};
}

bool breaker_allows(struct breaker *b, uint64_t now_ms)
{
    if (b->state == BREAKER_CLOSED)
        return true;
    if (b->state == BREAKER_OPEN && now_ms >= b->until_ms)
        b->state = BREAKER_HALF_OPEN;
    if (b->state == BREAKER_OPEN || b->probing)
        return false;
    b->probing = true;
    return true;
}

void breaker_dropped(struct breaker *b)
{
    b->probing = false;
}

void breaker_succeeded(struct breaker *b)
{
    /* A call from before it opened says nothing about now: only the probe closes it. */
    if (b->state == BREAKER_OPEN)
        return;
    breaker_init(b, b->failures_max, b->pause_ms, b->pause_max_ms);
}

static void open_for(struct breaker *b, uint64_t now_ms, uint64_t pause_ms)
{
    b->state = BREAKER_OPEN;
    b->probing = false;
    b->pause_now_ms = pause_ms < b->pause_max_ms ? pause_ms : b->pause_max_ms;
    b->until_ms = now_ms + b->pause_now_ms;
}

void breaker_failed(struct breaker *b, uint64_t now_ms)
{
    if (b->state == BREAKER_HALF_OPEN)
        open_for(b, now_ms, b->pause_now_ms * 2);
    else if (b->state == BREAKER_CLOSED && ++b->failures >= b->failures_max)
        open_for(b, now_ms, b->pause_ms);
}
