/* grant_admissions.h - an admission at this worker, from the grant to its end.
 *
 * The admission is its shopper's; grants for who has gone are dropped, and nothing here fails. */
#ifndef WAITROOM_GRANT_ADMISSIONS_H
#define WAITROOM_GRANT_ADMISSIONS_H

struct room;
struct seat;
struct shopper;
struct wr_reply;

/* Three lists of tick.lua's answer, borrowed; a list that is NULL is empty. */
void grant_admissions(struct room *room, const struct wr_reply *grants, const struct wr_reply *again,
                      const struct wr_reply *refused);
void admission_sign(struct shopper *p);    /* it has an admission; signed once, then kept */
void admission_entered(struct shopper *p); /* the page has kept the token; nothing, if none is given */
/* Of line_events; `ctx` is the room. */
void admission_fell(void *ctx, struct seat *s);
void admission_over(void *ctx, struct seat *s);

#endif
