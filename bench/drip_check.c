#include "drip_check.h"
#include <stdlib.h>

/* Times are whole milliseconds of the line's clock and the bucket is filled on that clock, so there is no
 * rounding to forgive but that of the sums here. */
#define EPSILON 1e-6

static double per_ms(const struct drip *drip)
{
    return drip->per_minute / 60000.0;
}

double drip_burst(const struct drip *drip)
{
    return 1 + drip->burst_ms * per_ms(drip);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

struct drip_check drip_check(const struct drip *drip, int64_t *ms, size_t count)
{
    struct drip_check check = {0};
    if (!count)
        return check;
    qsort(ms, count, sizeof *ms, by_value);
    double least = 0;
    for (size_t j = 0; j < count; j++) {
        double accrued = per_ms(drip) * (double)(ms[j] - ms[0]);
        double start = (double)j - accrued;
        if (j == 0 || start < least)
            least = start;
        double above = start + 1 - least;
        if (above > check.worst)
            check.worst = above;
        if (above > drip_burst(drip) + EPSILON)
            check.windows_above++;
    }
    return check;
}

void drip_line_look(const struct drip *drip, struct drip_line *line, int64_t clock_ms, int64_t granted)
{
    if (!line->looks++) {
        line->first_ms = clock_ms;
        line->first_granted = granted;
    }
    double above = (double)(granted - line->first_granted) - per_ms(drip) * (double)(clock_ms - line->first_ms);
    if (above < line->least)
        line->least = above;
    if (above - line->least > line->worst)
        line->worst = above - line->least;
    if (above - line->least > drip_burst(drip) + EPSILON)
        line->windows_above++;
}

struct drip_met drip_met(const struct drip *drip, const int64_t *ms, size_t count, size_t until)
{
    struct drip_met met = {.granted = until < count ? until : count};
    if (met.granted < 2)
        return met;
    double level = drip_burst(drip);
    for (size_t i = 1; i < met.granted; i++) {
        level += per_ms(drip) * (double)(ms[i] - ms[i - 1]) - 1; /* the token before this one is taken out */
        if (level > drip_burst(drip)) {
            met.ran_over += level - drip_burst(drip);
            level = drip_burst(drip);
        }
    }
    double offered = per_ms(drip) * (double)(ms[met.granted - 1] - ms[0]);
    met.seconds = (double)(ms[met.granted - 1] - ms[0]) / 1000.0;
    met.percent = offered > 0 ? 100.0 * (double)met.granted / offered : 100;
    met.net_percent = offered > 0 ? 100.0 * (1 - met.ran_over / offered) : 100;
    return met;
}

void drip_looked_look(const struct drip *drip, struct drip_looked *looked, int64_t ms, int64_t granted)
{
    int64_t more = looked->looks++ && granted > looked->seen ? granted - looked->seen : 0;
    looked->seen = granted;
    if (!looked->granted && !more)
        return;
    if (!looked->granted) {
        looked->from_ms = looked->at_ms = ms;
        looked->level = drip_burst(drip);
    }
    looked->level += per_ms(drip) * (double)(ms - looked->at_ms) - (double)more;
    looked->at_ms = ms;
    if (looked->level > drip_burst(drip)) {
        looked->over += looked->level - drip_burst(drip);
        looked->level = drip_burst(drip);
    }
    if (!more)
        return;
    looked->granted += more;
    looked->to_ms = ms;
    looked->ran_over += looked->over;
    looked->over = 0;
}

double drip_looked_net_percent(const struct drip *drip, const struct drip_looked *looked)
{
    double offered = per_ms(drip) * (double)(looked->to_ms - looked->from_ms);
    return offered > 0 ? 100.0 * (1 - looked->ran_over / offered) : 100;
}
