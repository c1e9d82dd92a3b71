/* payment_provider.h - the payment provider, and the only file that knows its wire shape: Stripe's Checkout
 * Sessions.
 *
 *   POST {url}/v1/checkout/sessions             form: mode=payment, client_reference_id=<order id>,
 * success_url, cancel_url, line_items[0][quantity], line_items[0][price_data][currency|unit_amount],
 *                                               line_items[0][price_data][product_data][name],
 * metadata[sale]; Idempotency-Key: <order id>  -> {id, url, status, payment_status, payment_intent} POST
 * {url}/v1/checkout/sessions/{id}/expire -> the session; 400 when it is not open any more GET
 * {url}/v1/checkout/sessions/{id}        -> the session: status open|complete|expired, payment_status
 * paid|unpaid POST {url}/v1/refunds                       form: payment_intent; Idempotency-Key:
 * refund-<order id>
 *                                               -> {id, status}; 400 with error.code charge_already_refunded
 * All with Authorization: Bearer <key>. Webhooks: {id, type, data: {object: <session>}} signed as
 * webhook_signature.h says.
 *
 * A call has one outcome: its callback runs once, later, from the loop. At most `in_flight_max` calls are
 * under way, and none while the circuit breaker is open: ask provider_room() before claiming work. */
#ifndef PAYMENT_PROVIDER_H
#define PAYMENT_PROVIDER_H
#include "circuit_breaker.h"
#include "err.h"
#include "json.h"
#include "loop.h"
#include <stdint.h>

#define PROVIDER_ID_MAX 128
#define PROVIDER_URL_MAX 1024

struct provider;
struct provider_config {
    const char *url, *key_file, *public_url;
    int in_flight_max, deadline_ms;
};
enum wr_err provider_open(struct provider **out, struct wr_loop *loop,
                          const struct provider_config *config) WR_MUST_CHECK;
void provider_close(
    struct provider *p); /* pending callbacks run with PROVIDER_AGAIN before it returns; takes NULL */
int provider_room(struct provider *p); /* calls that may be started now */
enum breaker_state provider_breaker(const struct provider *p);

enum provider_outcome {
    PROVIDER_DONE,
    PROVIDER_PAID,    /* close: the shopper has paid already */
    PROVIDER_REFUSED, /* for good: the same request will be refused again */
    PROVIDER_AGAIN,   /* not known, or not now: try the same again later */
};
typedef void provider_done(void *ctx, enum provider_outcome outcome, const char *session_id, const char *url);

struct provider_order {
    const char *order_id, *sale, *name;
    int64_t unit_price, quantity;
    const char *currency;
};
/* Makes the order's session, or finds the one that an earlier attempt made; gives its id and the payment
 * link. */
void provider_open_session(struct provider *p, const struct provider_order *order, provider_done *done,
                           void *ctx);
/* Closes the session, so that nobody can pay it any more. */
void provider_close_session(struct provider *p, const char *session_id, provider_done *done, void *ctx);
void provider_refund(struct provider *p, const char *session_id, const char *order_id, provider_done *done,
                     void *ctx);

/* What a webhook says, from its JSON. */
enum provider_news { NEWS_PAID, NEWS_SESSION_OVER, NEWS_OTHER };
struct provider_event {
    char id[PROVIDER_ID_MAX], type[80], session_id[PROVIDER_ID_MAX], order_id[80];
    enum provider_news news;
};
/* WR_ERR_INVALID: it is no event of the provider's. */
enum wr_err provider_event_decode(const struct wr_json *json, struct provider_event *out) WR_MUST_CHECK;

#endif
