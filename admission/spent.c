#include "spent.h"
#include "crypto.h"
#include <stdlib.h>
#include <string.h>

static void grow(struct wr_buf *bits, size_t len)
{
    static const char zeros[256];
    while (bits->len < len)
        wr_buf_add(bits, zeros, len - bits->len < sizeof zeros ? len - bits->len : sizeof zeros);
}

void spent_add(struct wr_buf *bits, uint64_t place)
{
    if (place >= SPENT_PLACES_MAX)
        return;
    grow(bits, place / 8 + 1);
    bits->at[place / 8] = (char)((unsigned char)bits->at[place / 8] | 0x80u >> place % 8);
}

void spent_or(struct wr_buf *bits, const void *other, size_t len)
{
    const char *from = other;
    grow(bits, len);
    for (size_t i = 0; i < len; i++)
        bits->at[i] = (char)((unsigned char)bits->at[i] | (unsigned char)from[i]);
}

bool spent_or_hex(struct wr_buf *bits, const char *hex)
{
    size_t len = strlen(hex);
    char *raw = wr_alloc(len / 2);
    bool good = wr_unhex(hex, len, raw);
    if (good)
        spent_or(bits, raw, len / 2);
    free(raw);
    return good;
}

void spent_hex(const struct wr_buf *bits, struct wr_buf *out)
{
    char *hex = wr_alloc(bits->len * 2 + 1);
    wr_hex(bits->at, bits->len, hex);
    wr_buf_add(out, hex, bits->len * 2);
    free(hex);
}
