#include "presence.h"
#include <string.h>

void presence_init(struct presence *p)
{
    *p = (struct presence){.width = 1};
}

static void widen(struct presence *p)
{
    for (size_t i = 0; i < WR_PRESENCE_BLOCKS_MAX / 2; i++)
        p->counts[i] = p->counts[2 * i] + p->counts[2 * i + 1];
    memset(p->counts + WR_PRESENCE_BLOCKS_MAX / 2, 0, WR_PRESENCE_BLOCKS_MAX / 2 * sizeof *p->counts);
    p->width *= 2;
}

void presence_add(struct presence *p, uint64_t place)
{
    while (place / p->width >= WR_PRESENCE_BLOCKS_MAX)
        widen(p);
    p->counts[place / p->width]++;
    p->total++;
}

void presence_remove(struct presence *p, uint64_t place)
{
    p->counts[place / p->width]--;
    p->total--;
}

/* msgpack's shortest form of `n` is not sought: one byte when it is small, else 4 or 8. */
static void pack_uint(struct wr_buf *out, uint64_t n)
{
    size_t bytes = n <= UINT32_MAX ? 4 : 8;
    unsigned char packed[9] = {bytes == 4 ? 0xce : 0xcf};
    if (n < 0x80) {
        packed[0] = (unsigned char)n;
        bytes = 0;
    }
    wr_big_endian_put(packed + 1, n, bytes);
    wr_buf_add(out, packed, 1 + bytes);
}

void presence_pack(const struct presence *p, struct wr_buf *out)
{
    uint32_t blocks = 0;
    for (size_t i = 0; i < WR_PRESENCE_BLOCKS_MAX; i++)
        blocks += p->counts[i] != 0;
    pack_uint(out, p->width);
    unsigned char map32[5] = {0xdf};
    wr_big_endian_put(map32 + 1, blocks, 4);
    wr_buf_add(out, map32, sizeof map32);
    for (size_t i = 0; i < WR_PRESENCE_BLOCKS_MAX; i++) {
        if (!p->counts[i])
            continue;
        pack_uint(out, i);
        pack_uint(out, p->counts[i]);
    }
}

static bool width_valid(uint64_t width)
{
    return width != 0 && (width & (width - 1)) == 0 &&
           width <= UINT64_MAX / (2 * WR_PRESENCE_BLOCKS_MAX); /* the end of the last block is a place, too */
}

enum wr_err presence_table_read(struct presence_table *t, const char *bytes, size_t len, uint64_t counter)
{
    struct wr_presence_head head;
    if (!wr_presence_head_read(&head, bytes, len) || head.blocks > WR_PRESENCE_BLOCKS_MAX ||
        !width_valid(head.width))
        return WR_ERR_INVALID;
    t->version = head.version;
    t->width = head.width;
    t->blocks = head.blocks;
    for (size_t i = 0; i < t->blocks; i++)
        t->below[i + 1] = t->below[i] + wr_presence_block(bytes, i);
    memmove(t->counters + 1, t->counters, sizeof t->counters - sizeof *t->counters);
    t->counters[0] = counter;
    return WR_OK;
}

void presence_table_skip(struct presence_table *t, uint64_t counter)
{
    for (size_t i = 0; i < sizeof t->counters / sizeof *t->counters; i++)
        t->counters[i] = counter;
}

double presence_ahead(const struct presence_table *t, uint64_t place)
{
    uint64_t block = place / t->width;
    if (block >= t->blocks)
        return (double)t->below[t->blocks];
    uint64_t here = t->below[block + 1] - t->below[block];
    return (double)t->below[block] + (double)here * (double)(place % t->width) / (double)t->width;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

double presence_ahead_of_newcomer(const struct presence_table *t, uint64_t from, uint64_t place)
{
    double ahead = 0;
    uint64_t uncounted = from;
    if (t) {
        ahead = presence_ahead(t, place);
        uncounted = later(uncounted, later(t->blocks * t->width, t->counters[2] + 1));
    }
    return place > uncounted ? ahead + (double)(place - uncounted) : ahead;
}
