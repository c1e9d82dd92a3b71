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

bool wr_utf8_valid(const char *text, size_t len)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + len;
    while (at < end) {
        uint8_t low, high;
        int n = follow(*at++, &low, &high);
        if (n < 0 || end - at < n)
            return false;
        for (; n > 0; n--, at++) {
            if (*at < low || *at > high)
                return false;
            low = 0x80;
            high = 0xbf;
        }
    }
    return true;
}
