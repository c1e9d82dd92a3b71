#include "presence_format.h"

enum { WIDTH_AT = 8, BLOCKS_AT = 16, HEAD = 20, BLOCK = 4 };

uint64_t wr_big_endian(const void *from, size_t bytes)
{
    uint64_t n = 0;
    for (const unsigned char *at = from; bytes--; at++)
        n = n << 8 | *at;
    return n;
}

void wr_big_endian_put(void *to, uint64_t n, size_t bytes)
{
    for (unsigned char *at = to; bytes--; n >>= 8)
        at[bytes] = (unsigned char)n;
}

size_t wr_presence_size(uint64_t blocks)
{
    return HEAD + BLOCK * (size_t)blocks;
}

bool wr_presence_head_read(struct wr_presence_head *head, const void *table, size_t len)
{
    const unsigned char *at = table;
    if (len < HEAD)
        return false;
    head->version = wr_big_endian(at, 8);
    head->width = wr_big_endian(at + WIDTH_AT, 8);
    head->blocks = wr_big_endian(at + BLOCKS_AT, 4);
    return len == wr_presence_size(head->blocks);
}

void wr_presence_head_put(void *table, const struct wr_presence_head *head)
{
    unsigned char *at = table;
    wr_big_endian_put(at, head->version, 8);
    wr_big_endian_put(at + WIDTH_AT, head->width, 8);
    wr_big_endian_put(at + BLOCKS_AT, head->blocks, 4);
}

uint64_t wr_presence_block(const void *table, uint64_t block)
{
    return wr_big_endian((const unsigned char *)table + wr_presence_size(block), BLOCK);
}

void wr_presence_block_put(void *table, uint64_t block, uint64_t count)
{
    wr_big_endian_put((unsigned char *)table + wr_presence_size(block),
                      count < UINT32_MAX ? count : UINT32_MAX, BLOCK);
}
