/* shopper.h - one shopper's journey, as a browser would make it.
 *
 * The socket (link):
 *
 *   session --secret--> opening --> upgrading --101--> joining --ticket--> joined
 *      ^                                                  |                  |
 *      | retry                       lost, or dropped out as planned: away --+  --> opening, with the ticket
 *
 * The purchase (journey), which goes on while the socket is away:
 *
 *   in line --admitted--> admitted --think--> checking out --202--> ordered --link--> paying --> paid --confirmed--> ended
 *                                   ^  no answer, 429, 5xx, 410: the same key again |
 *                                   +-----------------------------------------------+ */
#ifndef BENCH_SHOPPER_H
#define BENCH_SHOPPER_H
#include "crowd.h"

/* For each step until the ticket, as the page has it: who turns away early comes back as one more in the storm. */
#define LINE_PATIENCE_MS 30000
#define RETURN_PATIENCE_MS 10000 /* for the ticket, from the loss of the socket: a few tries, with their pauses */

void shopper_due(struct crowd *c, uint32_t id, enum timer timer);
void shopper_opened(struct crowd *c, uint32_t id, uint32_t conn);
long shopper_read(struct crowd *c, uint32_t id, uint32_t conn, char *bytes, size_t len);
void shopper_closed(struct crowd *c, uint32_t id, uint32_t conn);
void shopper_stop(struct crowd *c, uint32_t id); /* the run is over: note the end */

/* ---- between the files of the shopper ---- */
struct http_answer;
void shopper_finish(struct crowd *c, uint32_t id, enum end end);
/* Opens a connection for `what`; its request goes out when it stands. */
void shopper_ask(struct crowd *c, uint32_t id, enum asking what, int target);
/* Counts a request that got no answer: `why` in a word or two. */
void shopper_unanswered(struct crowd *c, uint32_t id, const char *why);

/* shopper_line.c */
void line_due(struct crowd *c, uint32_t id);
void line_write_session(struct crowd *c, uint32_t id, uint32_t conn);
void line_read_session(struct crowd *c, uint32_t id, const struct http_answer *answer); /* NULL: none came */
void line_write_upgrade(struct crowd *c, uint32_t id);
long line_read(struct crowd *c, uint32_t id, char *bytes, size_t len);
void line_lost(struct crowd *c, uint32_t id);
void line_here(struct crowd *c, uint32_t id);

/* shopper_purchase.c */
void purchase_begin(struct crowd *c, uint32_t id); /* just admitted */
void purchase_due(struct crowd *c, uint32_t id);
void purchase_write(struct crowd *c, uint32_t id, uint32_t conn);
void purchase_read(struct crowd *c, uint32_t id, const struct http_answer *answer); /* NULL: none came */
void purchase_order(struct crowd *c, uint32_t id, const char *json,
                    size_t len); /* an `order` message, or its like */

#endif
