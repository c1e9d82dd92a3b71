/* pace.h - how often shoppers are told what changes slowly. Pure.
 *
 * Often near the front, rarely far back, 1 to 15 s: a push to a hundred thousand sockets every second would tell nobody
 * anything and leave no time for those whose turn it is. */
#ifndef WAITROOM_PACE_H
#define WAITROOM_PACE_H
#include <stddef.h>
#include <stdint.h>

/* How long until the next one: a twentieth of the wait, but a second at least for every thousand ahead. A crowd of which
 * few answer is called quickly: all of it would be near the front by the wait alone. */
double pace_position_s(double wait_s, int64_t ahead);
/* How long after the last round to everybody: a second, and a millisecond for every socket of this worker. */
uint64_t pace_everybody_ms(size_t sockets);

#endif
