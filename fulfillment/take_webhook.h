/* take_webhook.h - the provider's webhooks: verified, stored, and only then acknowledged. Those that come
 * together are stored together. */
#ifndef FULFILLMENT_TAKE_WEBHOOK_H
#define FULFILLMENT_TAKE_WEBHOOK_H
#include "http.h"
#include "provider_event.h"
#include "pg.h"

struct fulfillment;
struct webhook_intake;
struct webhook_intake *webhook_intake_open(struct fulfillment *f);
bool webhook_intake_idle(const struct webhook_intake *intake);
void webhook_intake_close(struct webhook_intake *intake); /* takes NULL */

void take_webhook(void *ctx, struct wr_request *req);
struct stored_webhook {
    const struct provider_event *event;
    const char *body;
    bool fresh; /* set by webhooks_store(): it was not known yet */
};
/* All or none. For work on a pool thread. */
enum wr_err webhooks_store(struct wr_pg_conn *c, struct stored_webhook webhooks[],
                           size_t count) WR_MUST_CHECK;

#endif
