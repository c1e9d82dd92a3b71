/* ledger.h - which of the new orders the stock suffices for: in their order, each that fits. Pure. */
#ifndef FULFILLMENT_LEDGER_H
#define FULFILLMENT_LEDGER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger_sku {
    const char *sale, *sku; /* sorted by (sale, sku) */
    int64_t free;           /* total - committed, as locked; lowered by what is accepted */
    int64_t accepted;       /* units */
};
/* A sku that is not in the ledger accepts nothing. */
bool ledger_accept(struct ledger_sku *skus, size_t count, const char *sale, const char *sku,
                   int64_t quantity);

#endif
