/* payment_provider.h - the payment provider, whose wire shape is known here, in provider_answer.h and in
 * provider_event.h alone: Stripe's Checkout Sessions.
 *
 *   POST {url}/v1/checkout/sessions             form: mode=payment, client_reference_id=<order id>, success_url, cancel_url,
 *                                               line_items[0][quantity], line_items[0][price_data][currency|unit_amount],
 *                                               line_items[0][price_data][product_data][name], metadata[sale];
 *                                               Idempotency-Key: <order id>  -> {id, url, status, payment_status, payment_intent}
 *   POST {url}/v1/checkout/sessions/{id}/expire -> the session; 400 when it is not open any more
 *   GET  {url}/v1/checkout/sessions/{id}        -> the session: status open|complete|expired, payment_status paid|unpaid
 *   POST {url}/v1/refunds                       form: payment_intent; Idempotency-Key: refund-<session id>
 *                                               -> {id, status}; 400 with error.code charge_already_refunded
 * All with Authorization: Bearer <key>.
 *
 * A call has one outcome: its callback runs once, later, from the loop. Whoever claims work takes places for it first, and
 * gives each back when its work needs the provider no more: all kinds of work share them, so what was claimed can also be
 * called. While the circuit breaker is open there is none, after its pause one: the probe. */
#ifndef FULFILLMENT_PAYMENT_PROVIDER_H
#define FULFILLMENT_PAYMENT_PROVIDER_H
#include "circuit_breaker.h"
#include "err.h"
#include "loop.h"
#include "provider_answer.h"
#include <stdint.h>

struct provider;
struct provider_config {
    const char *url, *key_file;
    int in_flight_max, deadline_ms;
};
enum wr_err provider_open(struct provider **out, struct wr_loop *loop,
                          const struct provider_config *config) WR_MUST_CHECK;
/* Pending callbacks run with PROVIDER_AGAIN before it returns; takes NULL. */
void provider_close(struct provider *p);
int provider_take_places(struct provider *p, int wanted); /* how many there were */
void provider_give_places(struct provider *p, int count);
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
    const char *public_url; /* as in the order's first call: one key takes no other parameters */
    int64_t unit_price, quantity;
    const char *currency;
};
/* Makes the order's session, or finds the one that an earlier attempt made; gives its id and the payment link. */
void provider_open_session(struct provider *p, const struct provider_order *order, provider_done *done,
                           void *ctx);
/* The same, for who needs the session only and not a link to pay by: a session that is over has none. */
void provider_find_session(struct provider *p, const struct provider_order *order, provider_done *done,
                           void *ctx);
/* Closes the order's session, so that nobody can pay it any more. PROVIDER_REFUSED: there is no such session. */
void provider_close_session(struct provider *p, const struct provider_order *order, const char *session_id,
                            provider_done *done, void *ctx);
void provider_refund(struct provider *p, const char *session_id, const char *order_id, provider_done *done,
                     void *ctx);

#endif
