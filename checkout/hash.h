/* hash.h - FNV-1a for tables of fixed size whose collisions cost little. */
#ifndef CHECKOUT_HASH_H
#define CHECKOUT_HASH_H
#include <stdint.h>

#define HASH_START 2166136261u
static inline uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return (hash ^ 0xff) * 16777619u; /* ends the text: "a","bc" is not "ab","c" */
}

#endif
