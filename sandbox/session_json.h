/* session_json.h - sessions, events, refunds and errors in the shape that Stripe gives them. Pure but for
 * random ids. */
#ifndef SANDBOX_SESSION_JSON_H
#define SANDBOX_SESSION_JSON_H
#include "json.h"
#include "session.h"

/* `base`: the public URL, where the payment page is. The caller owns what is returned. */
struct wr_json *session_json(const struct session *s, const char *base);
struct wr_json *refund_json(const struct session *s);
struct wr_json *event_json(const char *id, const char *type, int64_t now_s, const struct session *s,
                           const char *base);
struct wr_json *error_json(const char *type, const char *code, const char *message); /* code may be NULL */

/* A session's payment is known by the same digits: "pi_<32 hex>". False: it is none. */
bool session_of_payment(const char *payment, char id[64]);
void random_id(const char *prefix, char id[64]);

#endif
