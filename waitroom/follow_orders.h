/* follow_orders.h - the orders of who was admitted: subscribed first, read second, so that nothing falls between.
 *
 * The orders kept are the shopper's; a read without an answer is done again, a record out of shape is logged and left out. */
#ifndef WAITROOM_FOLLOW_ORDERS_H
#define WAITROOM_FOLLOW_ORDERS_H
#include <stddef.h>

struct shopper;
struct waitroom;

void follow_orders(struct shopper *p);   /* from now on; reads them at once when it follows already */
void unfollow_orders(struct shopper *p); /* before it is freed; nothing, if it does not follow */
/* Of the subscriber and the second timer; `ctx` is the struct waitroom. */
void on_order_channel(void *ctx, const char *channel, const char *message, size_t len);
void on_order_channels_restored(void *ctx);
void read_followed_orders(struct waitroom *w); /* ten times a second: each once a minute */

#endif
