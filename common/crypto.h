/* crypto.h - random bytes, digests, encodings and Ed25519. Owns OpenSSL.
 *
 * Algorithms are fetched once (OpenSSL 3.0's implicit fetch is slow). Secrets are compared in constant time.
 */
#ifndef WR_CRYPTO_H
#define WR_CRYPTO_H
#include "err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void wr_random(void *out, size_t len); /* aborts when the system has none */
void wr_sha256(const void *data, size_t len, uint8_t out[32]);
bool wr_equal(const void *a, const void *b, size_t len); /* constant time */
/* Whether a text is the secret. Neither what they share nor the secret's length shows in the time. */
bool wr_secret_equal(const char *text, const void *secret, size_t len);

struct wr_hmac; /* one key, reusable (0.2 us a message instead of 1.3); one thread at a time */
struct wr_hmac *wr_hmac_new(const void *key, size_t len);
void wr_hmac_sign(struct wr_hmac *h, const void *data, size_t len, uint8_t out[32]);
void wr_hmac_free(struct wr_hmac *h);

void wr_hex(const void *data, size_t len, char *out);         /* 2 x len + NUL, lower case */
int wr_hex_digit(char c);                                     /* 0 to 15; -1: none */
bool wr_unhex(const char *text, size_t len, void *out);       /* len / 2 bytes; false when not hex */
size_t wr_base64url(const void *data, size_t len, char *out); /* no padding; room for (len * 4 + 2) / 3 + 1 */
/* Strict (no padding, no stray bits). Returns the length or -1; `cap` bounds it. */
long wr_unbase64url(const char *text, size_t len, void *out, size_t cap);

struct wr_ed25519;                       /* a key pair, or a public key alone; one thread at a time */
struct wr_ed25519 *wr_ed25519_new(void); /* generates */
/* Private, PKCS#8 PEM. */
enum wr_err wr_ed25519_load(struct wr_ed25519 **out, const char *pem_path) WR_MUST_CHECK;
enum wr_err wr_ed25519_save(const struct wr_ed25519 *key, const char *pem_path) WR_MUST_CHECK; /* mode 0400 */
struct wr_ed25519 *wr_ed25519_public(const uint8_t raw[32]);
void wr_ed25519_raw(const struct wr_ed25519 *key, uint8_t raw[32]); /* public part */
void wr_ed25519_sign(const struct wr_ed25519 *key, const void *data, size_t len, uint8_t sig[64]);
bool wr_ed25519_verify(const struct wr_ed25519 *key, const void *data, size_t len, const uint8_t sig[64]);
void wr_ed25519_free(struct wr_ed25519 *key);

const char *wr_crypto_version(void);

#endif
