/* sold_out.h - what this worker knows to be sold out, for one second per article: public knowledge, answered
 * before any signature is looked at. Pure; times are monotonic ms. A forgotten flag costs one question to
 * Redis, so the table is of fixed size and a newer flag may take another's place. */
#ifndef CHECKOUT_SOLD_OUT_H
#define CHECKOUT_SOLD_OUT_H
#include "sales.h"

#define SOLD_OUT_FLAGS 1024
#define SOLD_OUT_MS 1000

struct sold_out { /* zeroed at the start */
    struct sold_out_flag {
        char sale[WR_SALE_LEN + 1], sku[WR_SKU_LEN + 1];
        uint64_t until;
    } flags[SOLD_OUT_FLAGS];
};
void sold_out_set(struct sold_out *s, const char *sale, const char *sku, uint64_t now);
bool sold_out_is(const struct sold_out *s, const char *sale, const char *sku, uint64_t now);

#endif
