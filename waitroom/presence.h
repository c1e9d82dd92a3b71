/* presence.h - how many stand where: this worker's counts per block of places, and the table of all workers.
 * Pure.
 *
 * For telling only: it steers nothing. Blocks are at most 4,096; their width doubles as the line grows. */
#ifndef WR_PRESENCE_H
#define WR_PRESENCE_H
#include "err.h"
#include <stddef.h>
#include <stdint.h>

#define PRESENCE_BLOCKS 4096

struct presence {   /* start with presence_init() */
    uint64_t width; /* a power of two */
    size_t total;
    uint32_t counts[PRESENCE_BLOCKS];
};
void presence_init(struct presence *p);
void presence_add(struct presence *p, uint64_t place);
void presence_remove(struct presence *p, uint64_t place); /* it was added */

struct presence_table {
    uint64_t version, width;
    size_t blocks;
    uint64_t below[PRESENCE_BLOCKS + 1]; /* how many are present in all blocks before this one */
};
/* 8 bytes version, 8 bytes width, 4 bytes number of blocks, 4 bytes a block, big-endian (docs/KEYSPACE.md).
 * Anything else is WR_ERR_INVALID and leaves the table as it was. */
enum wr_err presence_table_read(struct presence_table *t, const char *bytes, size_t len) WR_MUST_CHECK;
/* How many are present before `place`; within its own block they count as spread evenly. */
double presence_ahead(const struct presence_table *t, uint64_t place);

#endif
