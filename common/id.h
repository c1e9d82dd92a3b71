/* id.h - who and what: browser secrets, shopper ids, UUIDv7 (RFC 9562), order ids that derive themselves. */
#ifndef WR_ID_H
#define WR_ID_H
#include "crypto.h"
#include "err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WR_SECRET_LEN 22  /* 128 random bits, base64url */
#define WR_SHOPPER_LEN 32 /* first 128 bits of SHA-256 of the secret's 16 bytes, hex */
#define WR_UUID_LEN 36
#define WR_SALE_LEN 40 /* at most; [a-z0-9] and inner '-' */

void wr_secret_new(char out[WR_SECRET_LEN + 1]);
bool wr_shopper_of(const char *secret, size_t len, char out[WR_SHOPPER_LEN + 1]); /* false: not a secret */
bool wr_shopper_valid(const char *text, size_t len);
bool wr_sale_valid(const char *text, size_t len);
bool wr_uuid_valid(const char *text, size_t len); /* canonical lower case */

void wr_uuid7(char out[WR_UUID_LEN + 1]);
/* UUIDv7 of granted_ms and HMAC-SHA256(key, "<run>|<jti>"): whatever was forgotten meets itself again. */
void wr_order_id(struct wr_hmac *key, int64_t run, const char *jti, int64_t granted_ms,
                 char out[WR_UUID_LEN + 1]);

#endif
