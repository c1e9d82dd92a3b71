/* drifts.h - what seems to be apart, look by look. Redis and PostgreSQL cannot be read at the same instant, so on a running sale
 * every look sees something that was under way; only what every look finds apart in the same state is drift. Pure. */
#ifndef FULFILLMENT_DRIFTS_H
#define FULFILLMENT_DRIFTS_H
#include "id.h"
#include "sales.h"
#include <stdbool.h>
#include <stddef.h>

struct drift {
    char sale[WR_SALE_LEN + 1], sku[WR_SKU_LEN + 1];
    char *state; /* what would change if it were only under way: event numbers, counters */
    char *line;  /* as it is told */
};
struct drifts { /* start with {0} */
    struct drift *kept, *seen;
    size_t kept_count, seen_count, seen_cap;
    bool looked;
};
void drifts_add(struct drifts *d, const char *sale, const char *sku, const char *state, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* A look is over. How many drifts were there in all looks so far; those are `kept`. */
size_t drifts_end_look(struct drifts *d);
void drifts_free(struct drifts *d);

#endif
