/* provider_event.h - what a webhook of the payment provider says: {id, type, data: {object: <session>}}, signed as
 * webhook_signature.h has it. Pure. */
#ifndef FULFILLMENT_PROVIDER_EVENT_H
#define FULFILLMENT_PROVIDER_EVENT_H
#include "err.h"
#include "provider_answer.h"

enum provider_news {
    NEWS_PAID,
    NEWS_NOT_PAID, /* a payment that took its time has failed: this session will not be paid any more */
    NEWS_SESSION_OVER,
    NEWS_OTHER
};
struct provider_event {
    char id[PROVIDER_ID_MAX], type[80], session_id[PROVIDER_ID_MAX], order_id[80];
    struct provider_money money;
    enum provider_news news;
};
/* WR_ERR_INVALID: it is no event of the provider's. */
enum wr_err provider_event_decode(const struct wr_json *json, struct provider_event *out) WR_MUST_CHECK;

#endif
