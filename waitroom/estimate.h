/* estimate.h - what a shopper is told about the wait. Pure. */
#ifndef WAITROOM_ESTIMATE_H
#define WAITROOM_ESTIMATE_H
#include <stdbool.h>
#include <stdint.h>

/* What lets in fewer than the rate would, as the line says it (tick.lua). */
enum line_limit { LIMIT_NONE, LIMIT_FULL, LIMIT_STOPPED };

struct estimate {
    int64_t low_s, high_s;
};
/* `ahead` present shoppers, of whom the share `yield` (0 to 1] answers, at `rate_per_minute`: T0 = ahead x
 * yield / rate, told as [0.8 T0 - (2 s + 1/rate), 1.2 T0 + (2 s + 1/rate)]. Eight simulated days: 93 % of the
 * waits and more fell inside where no unannounced change of rate followed. False: the drip is shut, so
 * nothing can be told. */
bool estimate_wait(double ahead, double yield, int64_t rate_per_minute, struct estimate *out);

#endif
