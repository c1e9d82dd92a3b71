#include "estimate.h"
#include <math.h>

bool estimate_wait(double ahead, double yield, int64_t rate_per_minute, struct estimate *out)
{
    if (rate_per_minute <= 0)
        return false;
    double per_s = (double)rate_per_minute / 60;
    double wait = ahead * yield / per_s, slack = 2 + 1 / per_s;
    double low = 0.8 * wait - slack, high = 1.2 * wait + slack;
    out->low_s = low > 0 ? (int64_t)floor(low) : 0;
    out->high_s = (int64_t)ceil(fmin(high, 1e9));
    return true;
}
