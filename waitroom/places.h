/* places.h - an ordered set of places that also knows the k-th: a treap with counts, its nodes inside the
 * caller's structs. Insert, remove and at() cost O(log n), so that a worker with 100,000 sockets finds "every
 * 300th uncalled place" ten times a second. Priorities come from the place itself, which no client chooses.
 */
#ifndef WAITROOM_PLACES_H
#define WAITROOM_PLACES_H
#include <stddef.h>
#include <stdint.h>

struct place_node {
    uint64_t place;
    struct place_node *left, *right;
    uint32_t count; /* of this subtree */
};
struct places { /* start with {0} */
    struct place_node *root;
};
void places_insert(struct places *set, struct place_node *node); /* its place is set and not in the set */
void places_remove(struct places *set, struct place_node *node); /* it is in the set */
size_t places_count(const struct places *set);
struct place_node *places_first(const struct places *set);        /* NULL: empty */
struct place_node *places_at(const struct places *set, size_t i); /* the i-th lowest; NULL: fewer */
/* Calls visit for at most the n lowest, in order, until it returns zero; the set must not change meanwhile.
 */
void places_lowest(const struct places *set, size_t n, int (*visit)(void *ctx, struct place_node *node),
                   void *ctx);

#endif
