/* deliver_webhooks.h - events go to the shop until it has answered 2xx, whatever restarts in between. */
#ifndef SANDBOX_DELIVER_WEBHOOKS_H
#define SANDBOX_DELIVER_WEBHOOKS_H
#include "sandboxd.h"

enum { WEBHOOKS_IN_FLIGHT_MAX = 16 };
void deliver_webhooks_start(struct sandboxd *d);
void deliver_webhooks_soon(struct sandboxd *d); /* there is a new event */

/* How long after the n-th failed attempt (1..) the next one waits: doubling from 200 ms to 15 s; `noise` of 0..255 takes
 * up to half of it away, so that many failed at once do not come back at once. */
int64_t webhook_retry_ms(int attempts, uint8_t noise);
/* "t=<seconds>,v1=<hex>": HMAC-SHA256 of "<seconds>.<payload>", as Stripe signs. */
void webhook_sign(struct wr_hmac *secret, int64_t now_s, const char *payload, char out[100]);

#endif
