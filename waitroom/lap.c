#include "lap.h"

void lap_begin(struct lap *lap, struct link *head)
{
    if (!lap->at || lap->at == head) {
        *lap = (struct lap){.at = head->next, .end = head, .wrapped = true};
        return;
    }
    lap->end = lap->at;
    lap->wrapped = false;
}

struct link *lap_next(struct lap *lap, struct link *head)
{
    if (lap->at == head && !lap->wrapped) {
        lap->at = head->next;
        lap->wrapped = true;
    }
    struct link *l = lap->at;
    if (!l || (lap->wrapped && l == lap->end)) {
        lap->at = NULL;
        return NULL;
    }
    lap->at = l->next;
    return l;
}

void lap_leave(struct lap *lap, const struct link *l)
{
    if (lap->at == l)
        lap->at = l->next;
    if (lap->end == l)
        lap->end = l->next;
}
