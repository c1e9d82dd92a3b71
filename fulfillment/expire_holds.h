/* expire_holds.h - orders whose hold has run out: their payment is closed first (close_payments.c), their
 * units go back only then. */
#ifndef EXPIRE_HOLDS_H
#define EXPIRE_HOLDS_H
#include <stdbool.h>

struct fulfillment;
struct expire_holds;
struct expire_holds *expire_holds_open(struct fulfillment *f);
void expire_holds_stop(struct expire_holds *e);
bool expire_holds_idle(const struct expire_holds *e);
void expire_holds_close(struct expire_holds *e); /* takes NULL */

#endif
