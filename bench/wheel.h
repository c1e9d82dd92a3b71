/* wheel.h - timers by number, a fixed set of them: start, stop and expire cost the same however many run.
 * Pure: the caller says what time it is. */
#ifndef BENCH_WHEEL_H
#define BENCH_WHEEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wheel;
struct wheel *wheel_new(uint32_t timers, uint64_t now_ms);
void wheel_free(struct wheel *w);
void wheel_start(struct wheel *w, uint32_t timer, uint64_t due_ms); /* restarts if running */
void wheel_stop(struct wheel *w, uint32_t timer);
/* Takes out one timer that is due; false when none is. Call until false. Precise to 4 ms. */
bool wheel_due(struct wheel *w, uint64_t now_ms, uint32_t *timer);

#endif
