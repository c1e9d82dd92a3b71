/* deliver_webhooks.h - events go to the shop until it has answered 2xx, whatever restarts in between. */
#ifndef SANDBOX_DELIVER_WEBHOOKS_H
#define SANDBOX_DELIVER_WEBHOOKS_H
#include "sandboxd.h"

enum { WEBHOOKS_IN_FLIGHT_MAX = 16 };
void deliver_webhooks_start(struct sandboxd *d);
void deliver_webhooks_soon(struct sandboxd *d); /* there is a new event */

/* "t=<seconds>,v1=<hex>": HMAC-SHA256 of "<seconds>.<payload>", as Stripe signs. */
void webhook_sign(struct wr_hmac *secret, int64_t now_s, const char *payload, char out[100]);

#endif
