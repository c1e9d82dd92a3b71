/* process_webhooks.h - what the provider told us, carried out from the table it was stored in, as often as it
 * takes. */
#ifndef FULFILLMENT_PROCESS_WEBHOOKS_H
#define FULFILLMENT_PROCESS_WEBHOOKS_H
struct fulfillment;
struct repeat;
struct repeat *process_webhooks_open(struct fulfillment *f);

#endif
