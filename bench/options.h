/* options.h - every parameter of the crowd: one table, command line over environment over the folder of
 * script/up. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>

enum skew { SKEW_EVEN, SKEW_FRONT, SKEW_BACK };

struct options {
    int64_t shoppers, stock, seed, burst_ms, admission_s, hold_s, gather_s, timeout_s, processes,
        least_percent, ack_p99_ms;
    int64_t rate_per_minute; /* 0: as the sale has it */
    enum skew skew;
    int64_t skew_ms;
    double absent, abandon, reconnect, deaf; /* shares of the shoppers, 0 to 1 */
    int64_t deaf_more;                       /* deaf ones beside the shoppers */
    const char *sale, *url, *direct, *direct_checkout, *sources, *json, *database, *redis_line, *redis_stock,
        *merchant_key;
};
/* Fills `out`, or prints what is wrong (or the help) and says with which status to exit; -1: go on. */
int options_read(struct options *out, int argc, char **argv);

#endif
