/* join_line.h - a number from Redis, a place for a number, and a place again for a ticket.
 *
 * A joiner is its caller's and borrowed until done() ran or joiner_leave(); every shopper returned is its room's, never NULL.
 * What is not answered by Redis is asked again with the next tick, so no error of a backend comes back. */
#ifndef WAITROOM_JOIN_LINE_H
#define WAITROOM_JOIN_LINE_H
#include "err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct joiner;
struct room;
struct session;
struct shopper;
struct waitroom;
struct wr_ticket;

/* joiner->shopper and ->done are set. Too many wait: done() runs before it returns, with WR_ERR_BUSY. */
void join_line(struct room *room, struct joiner *joiner);
void joiner_leave(struct room *room, struct joiner *joiner); /* nothing, if it has left */
void joiners_refuse(struct room *room, enum wr_err err);     /* all of them */
/* WR_OK: numbers are given in this phase; else WR_ERR_ENDED or WR_ERR_NOT_OPEN. */
enum wr_err join_door(const struct room *room);
void join_try(struct room *room); /* numbers may be had again */
/* On a socket; `ticket` "": a new place. What is refused is told to the session. */
void join_session(struct session *s, const char *ticket, const char *was);

/* WR_ERR_TICKET_INVALID: forged, of another run or of another shopper; `out` counts only with WR_OK. */
enum wr_err check_ticket(struct room *room, const char *text, const char *shopper, struct wr_ticket *out);
/* The `was` of a request names another worker; false, too, when it names none. */
bool was_elsewhere(const struct waitroom *w, const char *was);
/* The ticket was checked. `by`: the socket that asks; NULL: a poll. */
struct shopper *resume_place(struct room *room, const struct wr_ticket *ticket, const char *was,
                             const struct session *by);
struct shopper *take_place(struct room *room, const char *shopper, uint64_t place, const struct session *by);
/* Another worker has a place whose page was here; `ctx` is the struct waitroom. What cannot be read is ignored, and what
 * names an earlier visit than the last: the page has come back since. */
void on_worker_channel(void *ctx, const char *channel, const char *message, size_t len);

#endif
