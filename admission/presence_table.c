#include "presence_table.h"
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
    uint64_t n = 0;
    while (bytes--)
        n = n << 8 | *r->at++;
    return n;
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

bool presence_add(struct presence_sum *sum, const void *record, size_t len, int64_t now_s)
{
    struct reader r = {.at = record, .end = (const unsigned char *)record + len};
    size_t before = sum->count;
    r.broken = read_big_endian(&r, 1) != 0x93;
    int64_t written_s = (int64_t)read_uint(&r);
    uint64_t width = read_uint(&r), blocks = read_map(&r), end = sum->end;
    if (r.broken || width == 0 || width & (width - 1) || width > PLACE_MAX || blocks > RECORD_BLOCKS_MAX)
        return false;
    if (now_s - written_s > PRESENCE_AWAY_S)
        return true;
    for (uint64_t i = 0; i < blocks && !r.broken; i++) {
        uint64_t block = read_uint(&r), count = read_uint(&r);
        if (r.broken || block >= PLACE_MAX / width || count > UINT32_MAX) {
            r.broken = true;
            break;
        }
        add_block(sum, block * width, count);
        if ((block + 1) * width > end)
            end = (block + 1) * width;
    }
    if (r.broken) {
        sum->count = before;
        return false;
    }
    sum->end = end;
    if (width > sum->width)
        sum->width = width;
    return true;
}

static void put_big_endian(unsigned char *to, uint64_t n, size_t bytes)
{
    while (bytes--) {
        to[bytes] = (unsigned char)n;
        n >>= 8;
    }
}

static uint64_t get_big_endian(const unsigned char *from, size_t bytes)
{
    uint64_t n = 0;
    while (bytes--)
        n = n << 8 | *from++;
    return n;
}

void presence_render(const struct presence_sum *sum, struct wr_buf *out)
{
    uint64_t width = sum->width ? sum->width : 1;
    while (sum->end > width * PRESENCE_BLOCKS_MAX)
        width *= 2;
    size_t blocks = (size_t)((sum->end + width - 1) / width);
    unsigned char *table = wr_alloc(PRESENCE_HEAD + 4 * blocks);
    put_big_endian(table + 8, width, 8);
    put_big_endian(table + 16, blocks, 4);
    for (size_t i = 0; i < sum->count; i++) {
        unsigned char *at = table + PRESENCE_HEAD + 4 * (sum->blocks[i].first / width);
        uint64_t count = get_big_endian(at, 4) + sum->blocks[i].count;
        put_big_endian(at, count < UINT32_MAX ? count : UINT32_MAX, 4);
    }
    wr_buf_add(out, table, PRESENCE_HEAD + 4 * blocks);
    free(table);
}

void presence_free(struct presence_sum *sum)
{
    free(sum->blocks);
    *sum = (struct presence_sum){0};
}

int64_t presence_total(const void *table, size_t len)
{
    const unsigned char *at = table;
    if (len < PRESENCE_HEAD || get_big_endian(at + 16, 4) != (len - PRESENCE_HEAD) / 4)
        return 0;
    int64_t total = 0;
    for (size_t i = PRESENCE_HEAD; i + 4 <= len; i += 4)
        total += (int64_t)get_big_endian(at + i, 4);
    return total;
}
