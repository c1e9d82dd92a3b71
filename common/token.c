#include "token.h"
#include "keyring.h"
#include <assert.h>
#include <limits.h>
#include <string.h>

#define NBF_LEEWAY_S 30
#define SIGNATURE_LEN 86 /* 64 bytes as base64url */

/* ---- signing ---- */

static void add_part(struct wr_buf *token, struct wr_json *owned)
{
    struct wr_buf text = {0};
    char encoded[WR_TOKEN_MAX];
    wr_json_render(owned, &text);
    wr_json_free(owned);
    assert((text.len * 4 + 2) / 3 < sizeof encoded);
    wr_buf_add(token, encoded, wr_base64url(text.at, text.len, encoded));
    wr_buf_free(&text);
}

size_t wr_token_sign(struct wr_keyring *ring, const struct wr_token *t, char out[WR_TOKEN_MAX])
{
    uint8_t signature[64];
    char encoded[SIGNATURE_LEN + 1];
    struct wr_buf token = {0};
    assert(wr_keyring_signer(ring));
    add_part(&token, wr_json_build("{s:s, s:s, s:s}", "alg", "EdDSA", "typ", "JWT", "kid",
                                   wr_keyring_signer_kid(ring)));
    wr_buf_text(&token, ".");
    add_part(&token,
             wr_json_build("{s:s, s:s, s:s, s:I, s:I, s:i, s:I, s:s, s:I, s:I, s:I, s:I}", "iss",
                           wr_keyring_issuer(ring), "aud", t->sale, "sub", t->shopper, "run", t->run, "gen",
                           t->gen, "lane", t->lane, "place", (int64_t)t->place, "jti", t->jti, "granted",
                           t->granted_ms, "iat", t->issued_s, "nbf", t->not_before_s, "exp", t->expires_s));
    wr_ed25519_sign(wr_keyring_signer(ring), token.at, token.len, signature);
    wr_buf_text(&token, ".");
    wr_buf_add(&token, encoded, wr_base64url(signature, sizeof signature, encoded));
    bool fits = wr_copy_text(out, WR_TOKEN_MAX, token.at, token.len);
    assert(fits);
    (void)fits;
    size_t len = token.len;
    wr_buf_free(&token);
    return len;
}

/* ---- verifying ---- */

struct header {
    char alg[12], typ[12], kid[WR_KID_MAX];
    const struct wr_json *crit;
};
static const struct wr_json_field header_fields[] = {
    WR_FIELD_TEXT(struct header, alg, "alg", true),
    WR_FIELD_TEXT(struct header, typ, "typ", false),
    WR_FIELD_TEXT(struct header, kid, "kid", true),
    WR_FIELD_ANY(struct header, crit, "crit", false),
    {0},
};

struct claims {
    struct wr_token token;
    char issuer[80];
    int64_t lane, place;
};
static const struct wr_json_field claim_fields[] = {
    WR_FIELD_TEXT(struct claims, issuer, "iss", true),
    WR_FIELD_TEXT(struct claims, token.sale, "aud", true),
    WR_FIELD_TEXT(struct claims, token.shopper, "sub", true),
    WR_FIELD_INT(struct claims, token.run, "run", true, 0, INT64_MAX),
    WR_FIELD_INT(struct claims, token.gen, "gen", true, 0, INT64_MAX),
    WR_FIELD_INT(struct claims, lane, "lane", true, 0, INT_MAX),
    WR_FIELD_INT(struct claims, place, "place", true, 0, INT64_MAX),
    WR_FIELD_TEXT(struct claims, token.jti, "jti", true),
    WR_FIELD_INT(struct claims, token.granted_ms, "granted", true, 0, INT64_MAX),
    WR_FIELD_INT(struct claims, token.issued_s, "iat", true, 0, INT64_MAX),
    WR_FIELD_INT(struct claims, token.not_before_s, "nbf", true, 0, INT64_MAX),
    WR_FIELD_INT(struct claims, token.expires_s, "exp", true, 0, INT64_MAX),
    {0},
};

/* Decodes one base64url part into the struct that `fields` describe. */
static bool read_part(const char *text, size_t len, const struct wr_json_field *fields, void *out)
{
    char bytes[WR_TOKEN_MAX];
    struct wr_json *v = NULL;
    long decoded = wr_unbase64url(text, len, bytes, sizeof bytes);
    bool good = decoded > 0 && wr_json_parse(&v, bytes, (size_t)decoded, NULL) == WR_OK &&
                wr_json_decode(v, fields, out, NULL) == WR_OK;
    wr_json_free(v);
    return good;
}

/* The key the header names, if the header is one of ours. The algorithm is a condition, never a choice: what
 * a header asks for decides nothing (RFC 8725 3.1). */
static const struct wr_ed25519 *key_for(const struct wr_keyring *ring, const char *text, size_t len)
{
    struct header header = {.typ = "JWT"};
    if (!read_part(text, len, header_fields, &header) || strcmp(header.alg, "EdDSA") != 0 ||
        strcmp(header.typ, "JWT") != 0 || header.crit)
        return NULL;
    return wr_keyring_key(ring, header.kid);
}

static bool acceptable(const struct wr_keyring *ring, const struct claims *claims, int64_t now_s)
{
    const struct wr_token *t = &claims->token;
    return strcmp(claims->issuer, wr_keyring_issuer(ring)) == 0 && wr_sale_valid(t->sale, strlen(t->sale)) &&
           wr_shopper_valid(t->shopper, strlen(t->shopper)) && t->jti[0] &&
           t->not_before_s - NBF_LEEWAY_S <= now_s;
}

enum wr_err wr_token_verify(struct wr_keyring *ring, const char *text, size_t len, int64_t now_s,
                            struct wr_token *out)
{
    uint8_t signature[64];
    struct claims claims = {0};
    if (len >= WR_TOKEN_MAX)
        return WR_ERR_TOKEN_INVALID;
    const char *payload = memchr(text, '.', len);
    if (!payload)
        return WR_ERR_TOKEN_INVALID;
    payload++;
    const char *end = memchr(payload, '.', len - (size_t)(payload - text));
    if (!end || len - (size_t)(end + 1 - text) != SIGNATURE_LEN ||
        wr_unbase64url(end + 1, SIGNATURE_LEN, signature, sizeof signature) != sizeof signature)
        return WR_ERR_TOKEN_INVALID;
    const struct wr_ed25519 *key = key_for(ring, text, (size_t)(payload - 1 - text));
    if (!key || !wr_ed25519_verify(key, text, (size_t)(end - text), signature))
        return WR_ERR_TOKEN_INVALID;
    if (!read_part(payload, (size_t)(end - payload), claim_fields, &claims) ||
        !acceptable(ring, &claims, now_s))
        return WR_ERR_TOKEN_INVALID;
    claims.token.lane = (int)claims.lane;
    claims.token.place = (uint64_t)claims.place;
    *out = claims.token;
    return now_s >= out->expires_s ? WR_ERR_TOKEN_EXPIRED : WR_OK;
}
