#include "drifts.h"
#include "mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void drifts_add(struct drifts *d, const char *sale, const char *sku, const char *state, const char *fmt, ...)
{
    char line[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (d->seen_count == d->seen_cap) {
        d->seen_cap = d->seen_cap ? d->seen_cap * 2 : 64;
        d->seen = wr_realloc(d->seen, d->seen_cap * sizeof *d->seen);
    }
    struct drift *drift = &d->seen[d->seen_count++];
    snprintf(drift->sale, sizeof drift->sale, "%s", sale);
    snprintf(drift->sku, sizeof drift->sku, "%s", sku);
    drift->state = wr_strdup(state);
    drift->line = wr_strdup(line);
}

static int compare(const void *a, const void *b)
{
    const struct drift *x = a, *y = b;
    int lines = strcmp(x->line, y->line);
    return lines ? lines : strcmp(x->state, y->state);
}

static void free_all(struct drift *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(list[i].state);
        free(list[i].line);
    }
    free(list);
}

size_t drifts_end_look(struct drifts *d)
{
    size_t kept = 0;
    if (d->kept_count)
        qsort(d->kept, d->kept_count, sizeof *d->kept, compare);
    for (size_t i = 0; i < d->seen_count; i++) {
        struct drift *seen = &d->seen[i];
        bool again =
            !d->looked || (d->kept_count && bsearch(seen, d->kept, d->kept_count, sizeof *seen, compare));
        struct drift other = d->seen[kept];
        if (again && i != kept) {
            d->seen[kept] = *seen;
            *seen = other;
        }
        kept += again;
    }
    free_all(d->kept, d->kept_count);
    for (size_t i = kept; i < d->seen_count; i++) {
        free(d->seen[i].state);
        free(d->seen[i].line);
    }
    d->kept = d->seen;
    d->kept_count = kept;
    d->seen = NULL;
    d->seen_count = d->seen_cap = 0;
    d->looked = true;
    return kept;
}

void drifts_free(struct drifts *d)
{
    free_all(d->kept, d->kept_count);
    free_all(d->seen, d->seen_count);
    *d = (struct drifts){0};
}
