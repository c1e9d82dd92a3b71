/* index.h - an intrusive hash index by a 64-bit key that is spread already or is spread here. Keys may
 * repeat: the caller looks through the equal ones. Nodes are owned by the caller. */
#ifndef WAITROOM_INDEX_H
#define WAITROOM_INDEX_H
#include <stddef.h>
#include <stdint.h>

struct index_node {
    uint64_t key;
    struct index_node *next;
};
struct index { /* start with {0} */
    struct index_node **slots;
    size_t slot_count, count;
};
void index_add(struct index *index, struct index_node *node, uint64_t key);
void index_remove(struct index *index, struct index_node *node); /* it must be there */
struct index_node *index_find(const struct index *index, uint64_t key);
struct index_node *index_find_next(const struct index_node *node); /* the next one with the same key */
void index_free(struct index *index);

#endif
