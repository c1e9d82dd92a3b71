/* presence_table.h - adds up the workers' presence records (msgpack {wall s, width, {block -> count}}) into
 * one table (presence_format.h); the width of its blocks doubles as the line grows.
 * Pure. */
#ifndef ADMISSION_PRESENCE_TABLE_H
#define ADMISSION_PRESENCE_TABLE_H
#include "mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A worker's shoppers count this long after it fell silent; then they are gone. */
#define PRESENCE_AWAY_S 60

struct presence_block {
    uint64_t first; /* lowest place */
    uint32_t count;
};
struct presence_sum {    /* start with {0} */
    uint64_t width, end; /* widest block given; one past the last place */
    struct presence_block *blocks;
    size_t count, cap;
};
/* False when the record is unreadable: then nothing of it was added. One older than PRESENCE_AWAY_S adds
 * nothing. */
bool presence_add(struct presence_sum *sum, const void *record, size_t len, int64_t now_s);
void presence_render(const struct presence_sum *sum, struct wr_buf *out); /* the table, version 0 */
void presence_free(struct presence_sum *sum);
/* Everybody a table counts; 0 when it is unreadable. */
int64_t presence_total(const void *table, size_t len);

#endif
