#include "sold_out.h"
#include "hash.h"
#include <string.h>

static size_t slot(const char *sale, const char *sku)
{
    return hash_text(hash_text(HASH_START, sale), sku) % SOLD_OUT_FLAGS;
}

void sold_out_set(struct sold_out *s, const char *sale, const char *sku, uint64_t now)
{
    struct sold_out_flag *f = &s->flags[slot(sale, sku)];
    wr_copy_text(f->sale, sizeof f->sale, sale, strlen(sale));
    wr_copy_text(f->sku, sizeof f->sku, sku, strlen(sku));
    f->until = now + SOLD_OUT_MS;
}

bool sold_out_is(const struct sold_out *s, const char *sale, const char *sku, uint64_t now)
{
    const struct sold_out_flag *f = &s->flags[slot(sale, sku)];
    return now < f->until && strcmp(f->sale, sale) == 0 && strcmp(f->sku, sku) == 0;
}
