/* expire_holds.h - orders whose hold has run out: their payment is closed first (close_payments.c), their
 * units go back only then. */
#ifndef FULFILLMENT_EXPIRE_HOLDS_H
#define FULFILLMENT_EXPIRE_HOLDS_H
struct fulfillment;
void expire_holds_open(struct fulfillment *f);

#endif
