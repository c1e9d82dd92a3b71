/* presence_format.h - the presence table (docs/KEYSPACE.md): admissiond writes it, waitroomd reads it.
 *
 * 8 bytes version, 8 bytes width of a block, 4 bytes number of blocks, then 4 bytes a block: how many are present in it.
 * All big-endian. */
#ifndef WR_PRESENCE_FORMAT_H
#define WR_PRESENCE_FORMAT_H
#include "err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WR_PRESENCE_BLOCKS_MAX 4096

uint64_t wr_big_endian(const void *from, size_t bytes); /* at most 8 */
void wr_big_endian_put(void *to, uint64_t n, size_t bytes);

struct wr_presence_head {
    uint64_t version, width, blocks;
};
size_t wr_presence_size(uint64_t blocks); /* bytes of a table */
/* False: these bytes are not a head and as many blocks as it says. */
bool wr_presence_head_read(struct wr_presence_head *head, const void *table, size_t len) WR_MUST_CHECK;
void wr_presence_head_put(void *table, const struct wr_presence_head *head);
uint64_t wr_presence_block(const void *table, uint64_t block); /* lower than its number of blocks */
/* A count of more than 32 bits: as much as they hold. */
void wr_presence_block_put(void *table, uint64_t block, uint64_t count);

#endif
