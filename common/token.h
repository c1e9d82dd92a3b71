/* token.h - the admission token: a JWT (RFC 7519) signed with Ed25519 (RFC 8037 EdDSA), and the key ring.
 *
 * Claims: iss, aud (the sale's id), sub (shopper id), run, gen, lane, place, jti, granted (ms on the line's
 * clock), iat, nbf, exp (s, the signing worker's clock). Header: alg EdDSA, typ JWT, kid. Any JWT library
 * verifies it.
 *
 * The ring is a folder: keys.json ({"keys":[{"kid","state":"next|current|previous","x",
 * "replaced"?}]}) and <kid>.pem, mode 0400. It is read again when keys.json changes; a broken change keeps the old ring and is logged. */
#ifndef WR_TOKEN_H
#define WR_TOKEN_H
#include "crypto.h"
#include "err.h"
#include "id.h"
#include "json.h"
#include "mem.h"

#define WR_TOKEN_MAX 1024
#define WR_JTI_MAX 80
#define WR_KID_MAX 24

struct wr_token {
    char sale[WR_SALE_LEN + 1];
    char shopper[WR_SHOPPER_LEN + 1];
    char jti[WR_JTI_MAX];
    int64_t run, gen;
    int lane;
    uint64_t place;
    int64_t granted_ms;
    int64_t issued_s, not_before_s, expires_s;
};

enum wr_keyring_use { WR_KEYRING_VERIFY, WR_KEYRING_SIGN }; /* SIGN also loads the current private key */
struct wr_keyring;
enum wr_err wr_keyring_open(struct wr_keyring **out, const char *folder, const char *issuer,
                            enum wr_keyring_use use) WR_MUST_CHECK;
void wr_keyring_refresh(struct wr_keyring *ring); /* call every few seconds; cheap when nothing changed */
void wr_keyring_close(struct wr_keyring *ring);
/* JWKS (RFC 7517) of next, current and previous; owned by the caller. */
struct wr_json *wr_keyring_jwks(const struct wr_keyring *ring);

/* Keys: next -> current (the old current becomes previous) -> retired (gone). For `admissiond keys`; every
 * error has been logged with its reason. */
/* WR_ERR_CONFLICT: there are as many keys as there may be. */
enum wr_err wr_keys_stage(const char *folder, char kid[WR_KID_MAX]) WR_MUST_CHECK;
/* WR_ERR_CONFLICT: it is not staged. */
enum wr_err wr_keys_activate(const char *folder, const char *kid) WR_MUST_CHECK;
/* WR_ERR_CONFLICT: it is current, the last one, or was it within the longest admission, unless `at_once`.
 * WR_ERR_NOT_FOUND: there is no such key. */
enum wr_err wr_keys_retire(const char *folder, const char *kid, bool at_once) WR_MUST_CHECK;
/* `state`: "next", "current" or "previous". WR_ERR_NOT_FOUND: there is no keys.json. */
typedef void wr_key_visit(void *ctx, const char *kid, const char *state);
enum wr_err wr_keys_list(const char *folder, wr_key_visit *visit, void *ctx) WR_MUST_CHECK;

/* Returns the length written, without NUL. */
size_t wr_token_sign(struct wr_keyring *ring, const struct wr_token *t, char out[WR_TOKEN_MAX]);
/* Signature, alg, kid, iss, shape and times (30 s of leeway for nbf, none for exp). The sale is the caller's
 * to compare. WR_ERR_TOKEN_INVALID, WR_ERR_TOKEN_EXPIRED (then `out` is filled all the same). */
enum wr_err wr_token_verify(struct wr_keyring *ring, const char *text, size_t len, int64_t now_s,
                            struct wr_token *out) WR_MUST_CHECK;

#endif
