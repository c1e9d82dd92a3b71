/* count_presence.h - who is present at this worker, to Redis; who is ahead at all workers, from it. For telling only.
 *
 * The counts are the room's. A call without an answer, or a table out of shape, leaves the table as it was. */
#ifndef WAITROOM_COUNT_PRESENCE_H
#define WAITROOM_COUNT_PRESENCE_H
#include <stdint.h>

struct room;
struct seat;

void presence_follow(void *ctx, struct seat *s);       /* of line_events: it moved; `ctx` is the room */
void presence_left(struct room *room, uint64_t place); /* counted for a minute more */
/* It came back, or the minute is over; nothing, if it had not left. */
void presence_back(struct room *room, uint64_t place);
void count_presence(struct room *room); /* once a second */

#endif
