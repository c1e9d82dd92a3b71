#include "presence_table.h"
#include "presence_format.h"
#include <stdlib.h>

#define RECORD_BLOCKS_MAX 1000000
#define PLACE_MAX ((uint64_t)1 << 52)

struct reader {
    const unsigned char *at, *end;
    bool broken;
};

static uint64_t read_big_endian(struct reader *r, size_t bytes)
{
    if ((size_t)(r->end - r->at) < bytes) {
        r->broken = true;
        return 0;
    }
    r->at += bytes;
    return wr_big_endian(r->at - bytes, bytes);
}

/* msgpack: positive fixint, uint 8 to 64. Anything else is no count, width or time. */
static uint64_t read_uint(struct reader *r)
{
    uint64_t tag = read_big_endian(r, 1);
    if (tag < 0x80)
        return tag;
    if (tag >= 0xcc && tag <= 0xcf)
        return read_big_endian(r, (size_t)1 << (tag - 0xcc));
    r->broken = true;
    return 0;
}

static uint64_t read_map(struct reader *r)
{
    uint64_t tag = read_big_endian(r, 1);
    if (tag >= 0x80 && tag <= 0x8f)
        return tag & 0x0f;
    if (tag == 0xde || tag == 0xdf)
        return read_big_endian(r, tag == 0xde ? 2 : 4);
    r->broken = true;
    return 0;
}

static void add_block(struct presence_sum *sum, uint64_t first, uint64_t count)
{
    if (sum->count == sum->cap) {
        sum->cap = sum->cap ? sum->cap * 2 : 256;
        sum->blocks = wr_realloc(sum->blocks, sum->cap * sizeof *sum->blocks);
    }
    sum->blocks[sum->count++] = (struct presence_block){first, (uint32_t)count};
}

/* One past the last place of the blocks; what was added stays when the reader breaks. */
static uint64_t add_blocks(struct presence_sum *sum, struct reader *r, uint64_t width, uint64_t blocks)
{
    uint64_t end = sum->end;
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t block = read_uint(r), count = read_uint(r);
        r->broken |= block >= PLACE_MAX / width || count > UINT32_MAX;
        if (r->broken)
            break;
        add_block(sum, block * width, count);
        if ((block + 1) * width > end)
            end = (block + 1) * width;
    }
    return end;
}

bool presence_add(struct presence_sum *sum, const void *record, size_t len, int64_t now_s)
{
    struct reader r = {.at = record, .end = (const unsigned char *)record + len};
    size_t before = sum->count;
    r.broken = read_big_endian(&r, 1) != 0x93;
    int64_t written_s = (int64_t)read_uint(&r);
    uint64_t width = read_uint(&r), blocks = read_map(&r);
    if (r.broken || width == 0 || width & (width - 1) || width > PLACE_MAX || blocks > RECORD_BLOCKS_MAX)
        return false;
    if (now_s - written_s > PRESENCE_AWAY_S)
        return true;
    uint64_t end = add_blocks(sum, &r, width, blocks);
    if (r.broken) {
        sum->count = before;
        return false;
    }
    sum->end = end;
    if (width > sum->width)
        sum->width = width;
    return true;
}

void presence_render(const struct presence_sum *sum, struct wr_buf *out)
{
    uint64_t width = sum->width ? sum->width : 1;
    while (sum->end > width * WR_PRESENCE_BLOCKS_MAX)
        width *= 2;
    const struct wr_presence_head head = {.width = width, .blocks = (sum->end + width - 1) / width};
    size_t size = wr_presence_size(head.blocks);
    unsigned char *table = wr_alloc(size);
    wr_presence_head_put(table, &head);
    for (size_t i = 0; i < sum->count; i++) {
        uint64_t block = sum->blocks[i].first / width;
        wr_presence_block_put(table, block, wr_presence_block(table, block) + sum->blocks[i].count);
    }
    wr_buf_add(out, table, size);
    free(table);
}

void presence_free(struct presence_sum *sum)
{
    free(sum->blocks);
    *sum = (struct presence_sum){0};
}

int64_t presence_total(const void *table, size_t len)
{
    struct wr_presence_head head;
    if (!wr_presence_head_read(&head, table, len))
        return 0;
    int64_t total = 0;
    for (uint64_t i = 0; i < head.blocks; i++)
        total += (int64_t)wr_presence_block(table, i);
    return total;
}
