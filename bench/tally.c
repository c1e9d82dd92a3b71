#include "tally.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *shared(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        perror("stampede: no memory");
        exit(2);
    }
    return p;
}

struct tally *tally_new(size_t shoppers)
{
    struct tally *t = shared(sizeof *t);
    t->cap = shoppers * 3 + 1; /* a place is granted three times at most */
    t->grants = shared(t->cap * sizeof *t->grants);
    t->acks = shared(t->cap * sizeof *t->acks);
    t->joins = shared(t->cap * sizeof *t->joins);
    t->returns = shared(t->cap * sizeof *t->returns);
    t->places = shared(t->cap * sizeof *t->places);
    t->orders = shared(t->cap * sizeof *t->orders);
    atomic_flag_clear(&t->problems_lock);
    return t;
}

void tally_add(struct tally *t, enum count count, int64_t n)
{
    atomic_fetch_add_explicit(&t->counts[count], (uint64_t)n, memory_order_relaxed);
}

uint64_t tally_read(const struct tally *t, enum count count)
{
    return atomic_load_explicit(&t->counts[count], memory_order_relaxed);
}

const char *tally_count_name(enum count count)
{
    static const char *const names[] = {
#define X(name, text) text,
        COUNTS(X)
#undef X
    };
    return names[count];
}

const char *tally_end_name(enum end end)
{
    static const char *const names[] = {"none",
#define X(name, text) text,
                                        ENDS(X)
#undef X
    };
    return names[end];
}

/* The index to write at, or `cap` when the samples are full. */
static size_t slot(const struct tally *t, atomic_size_t *used)
{
    size_t i = atomic_fetch_add_explicit(used, 1, memory_order_relaxed);
    return i < t->cap ? i : t->cap;
}

size_t tally_kept(const struct tally *t, const atomic_size_t *used)
{
    size_t n = atomic_load(used);
    return n < t->cap ? n : t->cap;
}

void tally_grant(struct tally *t, int64_t granted_ms)
{
    size_t i = slot(t, &t->grants_used);
    if (i < t->cap)
        t->grants[i] = granted_ms;
}

void tally_ack(struct tally *t, uint64_t us)
{
    size_t i = slot(t, &t->acks_used);
    if (i < t->cap)
        t->acks[i] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

void tally_join(struct tally *t, uint64_t us, uint64_t place)
{
    size_t i = slot(t, &t->joins_used);
    if (i < t->cap)
        t->joins[i] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    i = slot(t, &t->places_used);
    if (i < t->cap)
        t->places[i] = place;
}

void tally_return(struct tally *t, uint64_t us)
{
    size_t i = slot(t, &t->returns_used);
    if (i < t->cap)
        t->returns[i] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

void tally_order(struct tally *t, const char *order_id)
{
    size_t i = slot(t, &t->orders_used);
    if (i < t->cap)
        snprintf(t->orders[i], sizeof t->orders[i], "%s", order_id);
}

void tally_problem(struct tally *t, const char *what)
{
    while (atomic_flag_test_and_set(&t->problems_lock))
        ;
    for (size_t i = 0; i < PROBLEMS_MAX; i++) {
        struct problem *p = &t->problems[i];
        if (!p->count || strncmp(p->what, what, sizeof p->what - 1) == 0) {
            if (!p->count++)
                snprintf(p->what, sizeof p->what, "%s", what);
            break;
        }
    }
    atomic_flag_clear(&t->problems_lock);
}

static int by_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int by_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint32_t tally_percentile(uint32_t *samples, size_t count, double p)
{
    if (!count)
        return 0;
    qsort(samples, count, sizeof *samples, by_u32);
    size_t i = (size_t)(p * (double)count);
    return samples[i < count ? i : count - 1];
}

size_t tally_duplicates(uint64_t *values, size_t count)
{
    size_t duplicates = 0;
    qsort(values, count, sizeof *values, by_u64);
    for (size_t i = 1; i < count; i++)
        duplicates += values[i] == values[i - 1];
    return duplicates;
}
