/* lap.h - a walk around a ring in which links come and go: whatever is in it from the beginning to the end is visited. Pure.
 *
 * A lap that begins while one is under way goes on from there and once around, so that beginning again and again
 * starves nobody at the end of the ring. */
#ifndef WAITROOM_LAP_H
#define WAITROOM_LAP_H
#include "list.h"

struct lap { /* start with {0} */
    struct link *at, *end;
    bool wrapped; /* has come, or need not come, around the head */
};
static inline bool lap_is_under_way(const struct lap *lap)
{
    return lap->at != NULL;
}
void lap_begin(struct lap *lap, struct link *head);
struct link *lap_next(struct lap *lap, struct link *head); /* NULL: the lap is over */
void lap_leave(struct lap *lap, const struct link *l);     /* before it is taken out of the ring */

#endif
