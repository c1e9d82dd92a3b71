/* drip_check.h - was the drip a ceiling, and was it met? Pure.
 *
 * In every window, of any length and anywhere, at most rate x t + burst tokens may be granted. With the times sorted,
 * window i..j holds j - i + 1 tokens in t[j] - t[i], so it keeps the bound when
 *
 *     (j + 1 - r t[j]) - (i - r t[i]) <= burst
 *
 * and the worst window that ends at j begins where i - r t[i] was least: one pass over all of them. */
#ifndef BENCH_DRIP_CHECK_H
#define BENCH_DRIP_CHECK_H
#include <stddef.h>
#include <stdint.h>

struct drip {
    double per_minute;
    int burst_ms; /* burst = 1 + burst_ms / 1000 x per_minute / 60 */
};
double drip_burst(const struct drip *drip);

struct drip_check {
    size_t windows_above; /* ends of windows that break the bound */
    double worst;         /* tokens above rate x t of the fullest window: at most the burst */
};
/* Sorts `ms` (the `granted` of every token). */
struct drip_check drip_check(const struct drip *drip, int64_t *ms, size_t count);

/* The same from looks at Redis while it runs: its clock, and how many were granted up to then. Between any two looks
 * the bound must hold. Start with {0}. */
struct drip_line {
    size_t looks, windows_above;
    double least, worst;
    int64_t first_ms, first_granted;
};
void drip_line_look(const struct drip *drip, struct drip_line *line, int64_t clock_ms, int64_t granted);

struct drip_met {
    size_t granted;  /* tokens from the first grant on, up to and with the `until`-th */
    double seconds;  /* that this took */
    double percent;  /* granted, of rate x seconds: the burst at the start may hide a loss in it */
    double net_percent; /* granted, of the credit that accrued in these seconds: nothing hides a loss in this one */
    double ran_over; /* tokens that the bucket could not hold because nobody was there to take them in time */
};
/* For `ran_over` the bucket is filled and emptied again as the tokens say, from full at the first grant: credit that
 * comes while it is full is lost, and what is not lost was granted or is there still. `ms` is sorted. `until`: the token with which cap,
 * stock or the crowd's end first held the drip back. */
struct drip_met drip_met(const struct drip *drip, const int64_t *ms, size_t count, size_t until);

/* The same by looks at the counter, each with a clock of our own: the line's stands still whenever Redis does, and what is
 * not granted then is missing on no clock of its. From the first look that saw the counter rise to the last. A look may be as late
 * as the burst is long without a loss being seen where there is none. Start with {0}. */
struct drip_looked {
    size_t looks;
    int64_t seen, at_ms; /* at the last look */
    int64_t from_ms, to_ms, granted;
    double level, over; /* of the bucket; what it could not hold since the counter last rose */
    double ran_over;
};
void drip_looked_look(const struct drip *drip, struct drip_looked *looked, int64_t ms, int64_t granted);
double drip_looked_net_percent(const struct drip *drip, const struct drip_looked *looked); /* 100: nothing is missing that was seen */

#endif
