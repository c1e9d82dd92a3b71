/* circuit_breaker.h - stops calling a provider that fails, and finds out gently when it is back. Pure: the
 * caller brings the time (monotonic ms).
 *
 * closed: everything goes; `failures_max` failures in a row open it. open: nothing goes until `pause_ms` have
 * passed (doubling with each failed probe up to `pause_max_ms`). half open: one probe at a time; its success
 * closes it. */
#ifndef FULFILLMENT_CIRCUIT_BREAKER_H
#define FULFILLMENT_CIRCUIT_BREAKER_H
#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
struct breaker {
    int failures_max;
    uint64_t pause_ms, pause_max_ms;
    enum breaker_state state;
    int failures;
    uint64_t pause_now_ms, until_ms;
    bool probing;
};
void breaker_init(struct breaker *b, int failures_max, uint64_t pause_ms, uint64_t pause_max_ms);
/* May a call be made now? True in the half-open state takes the probe: report its end. */
bool breaker_allows(struct breaker *b, uint64_t now_ms);
void breaker_dropped(struct breaker *b); /* what was allowed was not made after all */
void breaker_succeeded(struct breaker *b);
void breaker_failed(struct breaker *b, uint64_t now_ms);

#endif
