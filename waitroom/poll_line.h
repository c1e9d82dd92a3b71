/* poll_line.h - shoppers without a socket: polls that wait for an answer, and who has not polled for a while. The
 * addresses: routes.h. A shopper that has gone counts as away, its place stays its own. */
#ifndef WAITROOM_POLL_LINE_H
#define WAITROOM_POLL_LINE_H

struct room;

void polls_turn(struct room *room);    /* every TELL_TURN_MS: answers those whose place is known by now, or gone */
void pollers_sweep(struct room *room); /* once a second */

#endif
