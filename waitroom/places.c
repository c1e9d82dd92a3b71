#include "places.h"

static uint64_t priority(const struct place_node *node) /* splitmix64 */
{
    uint64_t z = node->place + 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static uint32_t count_of(const struct place_node *node)
{
    return node ? node->count : 0;
}

static void recount(struct place_node *node)
{
    node->count = 1 + count_of(node->left) + count_of(node->right);
}

/* Everything below `place` to `left`, the rest to `right`. */
static void split(struct place_node *node, uint64_t place, struct place_node **left,
                  struct place_node **right)
{
    if (!node) {
        *left = *right = NULL;
    } else if (node->place < place) {
        split(node->right, place, &node->right, right);
        *left = node;
        recount(node);
    } else {
        split(node->left, place, left, &node->left);
        *right = node;
        recount(node);
    }
}

static struct place_node *merge(struct place_node *left, struct place_node *right)
{
    if (!left || !right)
        return left ? left : right;
    if (priority(left) > priority(right)) {
        left->right = merge(left->right, right);
        recount(left);
        return left;
    }
    right->left = merge(left, right->left);
    recount(right);
    return right;
}

void places_insert(struct places *set, struct place_node *node)
{
    struct place_node **at = &set->root;
    while (*at && priority(*at) > priority(node)) {
        (*at)->count++;
        at = (*at)->place < node->place ? &(*at)->right : &(*at)->left;
    }
    split(*at, node->place, &node->left, &node->right);
    recount(node);
    *at = node;
}

void places_remove(struct places *set, struct place_node *node)
{
    struct place_node **at = &set->root;
    while (*at != node) {
        (*at)->count--;
        at = (*at)->place < node->place ? &(*at)->right : &(*at)->left;
    }
    *at = merge(node->left, node->right);
    node->left = node->right = NULL;
}

size_t places_count(const struct places *set)
{
    return count_of(set->root);
}

struct place_node *places_first(const struct places *set)
{
    return places_at(set, 0);
}

struct place_node *places_at(const struct places *set, size_t i)
{
    struct place_node *node = set->root;
    while (node) {
        size_t below = count_of(node->left);
        if (i == below)
            return node;
        if (i < below) {
            node = node->left;
        } else {
            i -= below + 1;
            node = node->right;
        }
    }
    return NULL;
}

struct walk {
    size_t left;
    int (*visit)(void *ctx, struct place_node *node);
    void *ctx;
};
static int walk(struct walk *w, struct place_node *node)
{
    if (!node)
        return 1;
    if (!walk(w, node->left))
        return 0;
    if (w->left == 0 || !w->visit(w->ctx, node))
        return 0;
    w->left--;
    return walk(w, node->right);
}

void places_lowest(const struct places *set, size_t n, int (*visit)(void *ctx, struct place_node *node),
                   void *ctx)
{
    struct walk w = {n, visit, ctx};
    walk(&w, set->root);
}
