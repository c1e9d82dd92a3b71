/* line.h - a line's hash as admissiond last read it, and the settings in it (docs/KEYSPACE.md). Pure, but
 * for the log. What of it is not understood admits nobody. */
#ifndef ADMISSION_LINE_H
#define ADMISSION_LINE_H
#include "redis.h"
#include "sales.h"
#include <stdbool.h>
#include <stdint.h>

struct settings { /* what a merchant changes while the sale runs; the higher version is the newer truth */
    int64_t version, rate, burst_ms, cap, factor;
    enum wr_mode mode;
    char message[501];
};

struct line {
    bool there;
    int64_t run, gen, version, clock, counter, ceiling;
    int64_t called, front, left, level_at, table_version;
    int64_t granted_total, joined_total, entered_total, finished_total, returned_total;
    int64_t withdrawn; /* 1: the sale is over, and of its line this word is left */
    double level;
    char run_id[48];
    enum wr_phase phase;
    struct settings settings;
};
/* `pairs`: the reply of HGETALL, or a list of the same shape. No pairs: the line is not there. */
void line_parse(struct line *line, const struct wr_reply *pairs);

#endif
