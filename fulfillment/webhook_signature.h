/* webhook_signature.h - is this webhook from the provider? `Stripe-Signature: t=<s>,v1=<hex>[,v1=<hex>]`,
 * each v1 a HMAC-SHA256 over "<t>.<raw body>". Pure: the caller brings the wall clock. */
#ifndef FULFILLMENT_WEBHOOK_SIGNATURE_H
#define FULFILLMENT_WEBHOOK_SIGNATURE_H
#include "crypto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBHOOK_TOLERANCE_S 300

/* False: malformed, signed with another secret, or more than WEBHOOK_TOLERANCE_S away from `now_s`. */
bool webhook_signature_valid(struct wr_hmac *secret, const char *header, const void *body, size_t len,
                             int64_t now_s);

#endif
