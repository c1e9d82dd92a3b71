/* list.h - intrusive lists: rings with a head. A link that is in no list points at itself, so taking it out
 * twice is harmless. */
#ifndef WAITROOM_LIST_H
#define WAITROOM_LIST_H
#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *prev, *next;
};
#define LINK_OWNER(l, type, field) ((type *)(void *)((char *)(l)-offsetof(type, field)))

static inline void link_init(struct link *l)
{
    l->prev = l->next = l;
}
static inline bool link_alone(const struct link *l)
{
    return l->next == l;
}
static inline void link_out(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    link_init(l);
}
static inline void link_before(struct link *l, struct link *at)
{
    l->prev = at->prev;
    l->next = at;
    at->prev->next = l;
    at->prev = l;
}
static inline void list_append(struct link *head, struct link *l)
{
    link_out(l);
    link_before(l, head);
}
static inline void list_prepend(struct link *head, struct link *l)
{
    link_out(l);
    link_before(l, head->next);
}
static inline struct link *list_first(const struct link *head)
{
    return head->next == head ? NULL : head->next;
}

#endif
