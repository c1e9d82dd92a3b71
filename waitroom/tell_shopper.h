/* tell_shopper.h - what all sockets of a sale are told, and each shopper's position when it is its turn.
 *
 * A socket that is full gets it later, as it is true then: nothing fails and nothing is queued. One session: session.h. */
#ifndef WAITROOM_TELL_SHOPPER_H
#define WAITROOM_TELL_SHOPPER_H
#include <stdbool.h>
#include <stdint.h>

struct room;
struct shopper;
struct waitroom;

void tell_turn(void *ctx); /* every TELL_TURN_MS; `ctx` is the struct waitroom */
/* `tell`: of enum tell. at_once: it matters now, even in the middle of telling something else. */
void tell_everybody(struct room *room, unsigned tell, bool at_once);
void tell_position_soon(struct shopper *p, uint64_t within_ms); /* takes the place of when it was due */
void position_update(struct shopper *p);                        /* ahead, eta and next_s as of now */
int tell_reconnect_within_s(const struct waitroom *w);

#endif
