#include "index.h"
#include "crypto.h"
#include "mem.h"
#include <stdlib.h>

/* Of this process: whoever chooses keys cannot choose their slots. */
static uint64_t seed(void)
{
    static uint64_t drawn;
    while (!drawn)
        wr_random(&drawn, sizeof drawn);
    return drawn;
}

static size_t slot_of(const struct index *index, uint64_t key)
{
    key ^= seed();
    key *= 0x9e3779b97f4a7c15ULL;
    key ^= key >> 33; /* the finalizer of MurmurHash3 */
    key *= 0xff51afd7ed558ccdULL;
    key ^= key >> 33;
    return (size_t)key & (index->slot_count - 1);
}

static void grow(struct index *index)
{
    struct index old = *index;
    index->slot_count = old.slot_count ? old.slot_count * 2 : 64;
    index->slots = wr_alloc(index->slot_count * sizeof *index->slots);
    for (size_t i = 0; i < old.slot_count; i++) {
        for (struct index_node *node = old.slots[i], *next; node; node = next) {
            next = node->next;
            struct index_node **slot = &index->slots[slot_of(index, node->key)];
            node->next = *slot;
            *slot = node;
        }
    }
    free(old.slots);
}

void index_add(struct index *index, struct index_node *node, uint64_t key)
{
    if (index->count >= index->slot_count)
        grow(index);
    struct index_node **slot = &index->slots[slot_of(index, key)];
    node->key = key;
    node->next = *slot;
    *slot = node;
    index->count++;
}

void index_remove(struct index *index, struct index_node *node)
{
    struct index_node **at = &index->slots[slot_of(index, node->key)];
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    index->count--;
}

struct index_node *index_find(const struct index *index, uint64_t key)
{
    if (!index->slot_count)
        return NULL;
    struct index_node *node = index->slots[slot_of(index, key)];
    while (node && node->key != key)
        node = node->next;
    return node;
}

struct index_node *index_find_next(const struct index_node *node)
{
    struct index_node *next = node->next;
    while (next && next->key != node->key)
        next = next->next;
    return next;
}

void index_free(struct index *index)
{
    free(index->slots);
    *index = (struct index){0};
}
