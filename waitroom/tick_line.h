/* tick_line.h - ten times a second what this worker knows of a line goes to Redis, and what it decided comes back.
 *
 * Nothing here fails: what a call without an answer was to say is said by the next. The room owns all that waits to be said. */
#ifndef WAITROOM_TICK_LINE_H
#define WAITROOM_TICK_LINE_H
#include <stdbool.h>

struct room;

void tick_line(void *ctx);                 /* the room's timer */
bool tick_unsaid(const struct room *room); /* Redis has not been told all that was heard, or who has left */
void tick_resync(struct room *room); /* a new generation: the whole list, and every admission that lives */

#endif
