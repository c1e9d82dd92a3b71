#include "presence.h"
#include <string.h>

void presence_init(struct presence *p)
{
    *p = (struct presence){.width = 1};
}

static void widen(struct presence *p)
{
    for (size_t i = 0; i < PRESENCE_BLOCKS / 2; i++)
        p->counts[i] = p->counts[2 * i] + p->counts[2 * i + 1];
    memset(p->counts + PRESENCE_BLOCKS / 2, 0, PRESENCE_BLOCKS / 2 * sizeof *p->counts);
    p->width *= 2;
}

void presence_add(struct presence *p, uint64_t place)
{
    while (place / p->width >= PRESENCE_BLOCKS)
        widen(p);
    p->counts[place / p->width]++;
    p->total++;
}

void presence_remove(struct presence *p, uint64_t place)
{
    p->counts[place / p->width]--;
    p->total--;
}

static uint64_t big_endian(const char *bytes, size_t len)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v = v << 8 | (uint8_t)bytes[i];
    return v;
}

enum wr_err presence_table_read(struct presence_table *t, const char *bytes, size_t len)
{
    if (len < 20)
        return WR_ERR_INVALID;
    uint64_t width = big_endian(bytes + 8, 8), blocks = big_endian(bytes + 16, 4);
    if (blocks > PRESENCE_BLOCKS || len != 20 + 4 * blocks || width == 0 || (width & (width - 1)) != 0)
        return WR_ERR_INVALID;
    t->version = big_endian(bytes, 8);
    t->width = width;
    t->blocks = blocks;
    for (size_t i = 0; i < blocks; i++)
        t->below[i + 1] = t->below[i] + big_endian(bytes + 20 + 4 * i, 4);
    return WR_OK;
}

double presence_ahead(const struct presence_table *t, uint64_t place)
{
    uint64_t block = place / t->width;
    if (block >= t->blocks)
        return (double)t->below[t->blocks];
    uint64_t here = t->below[block + 1] - t->below[block];
    return (double)t->below[block] + (double)here * (double)(place % t->width) / (double)t->width;
}
