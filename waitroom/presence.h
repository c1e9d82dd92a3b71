/* presence.h - how many stand where: this worker's counts per block of places, and the table of all workers.
 * Pure.
 *
 * For telling only: it steers nothing. Blocks are at most 4,096; their width doubles as the line grows. */
#ifndef WAITROOM_PRESENCE_H
#define WAITROOM_PRESENCE_H
#include "err.h"
#include "mem.h"
#include "presence_format.h"
#include <stddef.h>
#include <stdint.h>

struct presence {   /* start with presence_init() */
    uint64_t width; /* a power of two */
    size_t total;
    uint32_t counts[WR_PRESENCE_BLOCKS_MAX];
};
void presence_init(struct presence *p);
void presence_add(struct presence *p, uint64_t place);
void presence_remove(struct presence *p, uint64_t place); /* it was added */
/* Adds msgpack to `out`: the width, then a map of block -> count of the blocks that are not empty. */
void presence_pack(const struct presence *p, struct wr_buf *out);

struct presence_table {
    uint64_t version, width;
    uint64_t counters[3]; /* the line's counter at the last reads of a newer table: it is a second or two old, so
                             places up to the oldest are in it */
    size_t blocks;
    uint64_t below[WR_PRESENCE_BLOCKS_MAX + 1]; /* how many are present in all blocks before this one */
};
/* What is no table (presence_format.h) is WR_ERR_INVALID and leaves this one as it was. `counter`: the line's, now. */
enum wr_err presence_table_read(struct presence_table *t, const char *bytes, size_t len,
                                uint64_t counter) WR_MUST_CHECK;
void presence_table_skip(struct presence_table *t, uint64_t counter); /* it leapt: the numbers between are nobody's */
/* How many are present before `place`; within its own block they count as spread evenly. */
double presence_ahead(const struct presence_table *t, uint64_t place);
/* The same while the table lags: who took a place after it was made counts as present. Told too low, the number could
 * never be mended, because it never rises. Nobody before `from` is waiting. `t` NULL: no table yet. */
double presence_ahead_of_newcomer(const struct presence_table *t, uint64_t from, uint64_t place);

#endif
