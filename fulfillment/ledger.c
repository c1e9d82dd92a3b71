#include "ledger.h"
#include <stdlib.h>
#include <string.h>

static int compare(const void *key, const void *element)
{
    const struct ledger_sku *a = key, *b = element;
    int sale = strcmp(a->sale, b->sale);
    return sale ? sale : strcmp(a->sku, b->sku);
}

bool ledger_accept(struct ledger_sku *skus, size_t count, const char *sale, const char *sku, int64_t quantity)
{
    struct ledger_sku key = {.sale = sale, .sku = sku};
    struct ledger_sku *found = count ? bsearch(&key, skus, count, sizeof *skus, compare) : NULL;
    if (!found || quantity > found->free)
        return false;
    found->free -= quantity;
    found->accepted += quantity;
    return true;
}
