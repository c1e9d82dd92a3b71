/* process_webhooks.h - what the provider told us, carried out from the table it was stored in, as often as it
 * takes. */
#ifndef PROCESS_WEBHOOKS_H
#define PROCESS_WEBHOOKS_H
#include <stdbool.h>

struct fulfillment;
struct process_webhooks;
struct process_webhooks *process_webhooks_open(struct fulfillment *f);
void process_webhooks_kick(struct process_webhooks *w); /* takes NULL */
void process_webhooks_stop(struct process_webhooks *w);
bool process_webhooks_idle(const struct process_webhooks *w);
void process_webhooks_close(struct process_webhooks *w); /* takes NULL */

#endif
