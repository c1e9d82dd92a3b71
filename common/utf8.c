#include "utf8.h"
#include <stdint.h>

/* How many bytes follow this first one, and what the second must lie between; -1: no first byte. */
static int follow(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first < 0x80)
        return 0;
    if (first >= 0xc2 && first <= 0xdf)
        return 1;
    if (first >= 0xe0 && first <= 0xef) {
        if (first == 0xe0)
            *low = 0xa0; /* shorter forms exist */
        if (first == 0xed)
            *high = 0x9f; /* surrogates */
        return 2;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (first == 0xf0)
            *low = 0x90;
        if (first == 0xf4)
            *high = 0x8f; /* above U+10FFFF */
        return 3;
    }
    return -1;
}

size_t wr_utf8_sequence(const char *text, size_t left)
{
    const uint8_t *at = (const uint8_t *)text;
    uint8_t low, high;
    int n = follow(at[0], &low, &high);
    if (n < 0 || left <= (size_t)n)
        return 0;
    for (int i = 1; i <= n; i++) {
        if (at[i] < low || at[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return (size_t)n + 1;
}

bool wr_utf8_valid(const char *text, size_t len)
{
    for (size_t at = 0, n; at < len; at += n) {
        if (!(n = wr_utf8_sequence(text + at, len - at)))
            return false;
    }
    return true;
}
