/* deliver_webhooks.h - events go to the shop until it has answered 2xx, whatever restarts in between. */
#ifndef SANDBOX_DELIVER_WEBHOOKS_H
#define SANDBOX_DELIVER_WEBHOOKS_H
#include "sandboxd.h"

enum { WEBHOOKS_IN_FLIGHT_MAX = 64 };
void deliver_webhooks_start(struct sandboxd *d);
void deliver_webhooks_soon(struct sandboxd *d); /* there is a new event that nobody has claimed */
/* At the end: what is not written comes again when its lease is over. */
void deliver_webhooks_forget(struct sandboxd *d);

/* An event of ours need not be claimed: room for it is promised before it is stored, and it is stored with
 * its lease. Gives that lease in ms; 0: there is no room, it is to be stored as one that anybody may claim.
 */
int64_t deliver_webhook_promise(struct sandboxd *d);
/* Takes the stored event, or gives back the room when there is none (`payload` NULL). Takes the payload. */
void deliver_webhook(struct sandboxd *d, const char *id, char *payload);

/* "t=<seconds>,v1=<hex>": HMAC-SHA256 of "<seconds>.<payload>", as Stripe signs. */
void webhook_sign(struct wr_hmac *secret, int64_t now_s, const char *payload, char out[100]);

#endif
