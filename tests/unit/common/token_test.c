#include "test.h"
#include "file.h"
#include "keyring.h"
#include "token.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOPPER "0123456789abcdef0123456789abcdef"
#define NOW 1767323045

static char folder[64], kid[WR_KID_MAX];
static struct wr_keyring *ring;

static void start(void)
{
    strcpy(folder, "/tmp/wr-token-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(wr_keys_stage(folder, kid), WR_OK);
    assert_int_equal(wr_keys_activate(folder, kid), WR_OK);
    assert_int_equal(wr_keyring_open(&ring, folder, "waitroom", WR_KEYRING_SIGN), WR_OK);
}

static void finish(void)
{
    char command[100];
    wr_keyring_close(ring);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

static const struct wr_token sample = {.sale = "drop",
                                       .shopper = SHOPPER,
                                       .jti = "12-3-0-4711-0",
                                       .run = 12,
                                       .gen = 3,
                                       .lane = 0,
                                       .place = 4711,
                                       .granted_ms = NOW * 1000LL,
                                       .issued_s = NOW,
                                       .not_before_s = NOW,
                                       .expires_s = NOW + 300};

static enum wr_err verify(const char *text, int64_t now_s)
{
    struct wr_token t;
    return wr_token_verify(ring, text, strlen(text), now_s, &t);
}

/* A token with any header and claims, signed with the current key; `signature` replaces it when given. */
static char *forge(const char *header, const char *claims, const char *signature)
{
    static char text[8192];
    uint8_t sig[64];
    char path[128], encoded[90];
    struct wr_ed25519 *key;
    snprintf(path, sizeof path, "%s/%s.pem", folder, kid);
    assert_int_equal(wr_ed25519_load(&key, path), WR_OK);
    size_t len = wr_base64url(header, strlen(header), text);
    text[len++] = '.';
    len += wr_base64url(claims, strlen(claims), text + len);
    wr_ed25519_sign(key, text, len, sig);
    wr_base64url(sig, 64, encoded);
    sprintf(text + len, ".%s", signature ? signature : encoded);
    wr_ed25519_free(key);
    return text;
}

static char *header_with(const char *alg)
{
    static char text[200];
    snprintf(text, sizeof text, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", alg, kid);
    return text;
}

#define CLAIMS_BUT(changed)                                                                                  \
    "{\"iss\":\"waitroom\",\"sub\":\"" SHOPPER                                                               \
    "\",\"run\":1,\"gen\":1,\"lane\":0,\"place\":1,\"jti\":\"j\","                                           \
    "\"granted\":1,\"iat\":1767323045,\"nbf\":1767323045," changed "}"
#define CLAIMS CLAIMS_BUT("\"aud\":\"drop\",\"exp\":1767323345")

TEST(a_token_comes_back_as_it_was)
{
    struct wr_token t;
    char text[WR_TOKEN_MAX];
    start();
    size_t len = wr_token_sign(ring, &sample, text);
    assert_int_equal(len, strlen(text));
    assert_int_equal(wr_token_verify(ring, text, len, NOW, &t), WR_OK);
    assert_string_equal(t.sale, "drop");
    assert_string_equal(t.shopper, SHOPPER);
    assert_string_equal(t.jti, sample.jti);
    assert_int_equal(t.run, 12);
    assert_int_equal(t.gen, 3);
    assert_int_equal(t.place, 4711);
    assert_int_equal(t.granted_ms, sample.granted_ms);
    assert_int_equal(t.expires_s, NOW + 300);
    assert_int_equal(verify(forge(header_with("EdDSA"), CLAIMS, NULL), NOW), WR_OK);
    finish();
}

TEST(times_are_kept_to)
{
    struct wr_token t;
    char text[WR_TOKEN_MAX];
    start();
    size_t len = wr_token_sign(ring, &sample, text);
    assert_int_equal(verify(text, NOW - 30), WR_OK); /* the signer's clock may be ahead */
    assert_int_equal(verify(text, NOW - 31), WR_ERR_TOKEN_INVALID);
    assert_int_equal(verify(text, NOW + 299), WR_OK);
    assert_int_equal(wr_token_verify(ring, text, len, NOW + 300, &t), WR_ERR_TOKEN_EXPIRED);
    assert_string_equal(t.jti, sample.jti); /* a retry may look up its key with it */
    finish();
}

TEST(a_token_changed_anywhere_is_invalid)
{
    char text[WR_TOKEN_MAX];
    start();
    size_t len = wr_token_sign(ring, &sample, text);
    for (size_t i = 0; i < len; i++) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(verify(text, NOW), WR_ERR_TOKEN_INVALID);
        text[i] = was;
    }
    for (size_t cut = 0; cut < len; cut++) {
        struct wr_token t;
        assert_int_equal(wr_token_verify(ring, text, cut, NOW, &t), WR_ERR_TOKEN_INVALID);
    }
    assert_int_equal(verify(text, NOW), WR_OK);
    finish();
}

TEST(the_header_cannot_choose_the_algorithm)
{
    char hs256[90], empty[] = "";
    uint8_t raw[32], mac[32];
    start();
    struct wr_json *jwks = wr_keyring_jwks(ring);
    const char *x = wr_json_text(wr_json_get(wr_json_at(wr_json_get(jwks, "keys"), 0), "x"));
    assert_int_equal(wr_unbase64url(x, strlen(x), raw, 32), 32);
    struct wr_hmac *h = wr_hmac_new(raw, 32); /* the public key as an HMAC secret: the old confusion */
    wr_hmac_sign(h, "x", 1, mac);
    wr_base64url(mac, 32, hs256);
    assert_int_equal(verify(forge(header_with("HS256"), CLAIMS, hs256), NOW), WR_ERR_TOKEN_INVALID);
    assert_int_equal(verify(forge(header_with("HS256"), CLAIMS, NULL), NOW), WR_ERR_TOKEN_INVALID);
    assert_int_equal(verify(forge(header_with("none"), CLAIMS, empty), NOW), WR_ERR_TOKEN_INVALID);
    assert_int_equal(verify(forge(header_with("none"), CLAIMS, NULL), NOW), WR_ERR_TOKEN_INVALID);
    assert_int_equal(verify(forge(header_with("eddsa"), CLAIMS, NULL), NOW), WR_ERR_TOKEN_INVALID);
    assert_int_equal(verify(forge(header_with("ES256"), CLAIMS, NULL), NOW), WR_ERR_TOKEN_INVALID);
    wr_hmac_free(h);
    wr_json_free(jwks);
    finish();
}

TEST(headers_of_another_shape_are_invalid)
{
    static const char *const bad[] = {
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", /* no kid */
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"other\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"../../../../etc/key\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":7}",
        "{\"alg\":[\"EdDSA\"],\"kid\":\"x\"}",
        "[]",
        "not json",
        "",
    };
    char text[200];
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(verify(forge(bad[i], CLAIMS, NULL), NOW), WR_ERR_TOKEN_INVALID);
    snprintf(text, sizeof text, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", kid);
    assert_int_equal(verify(forge(text, CLAIMS, NULL), NOW), WR_ERR_TOKEN_INVALID);
    snprintf(text, sizeof text, "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"crit\":[\"exp\"],\"exp\":1}", kid);
    assert_int_equal(verify(forge(text, CLAIMS, NULL), NOW), WR_ERR_TOKEN_INVALID);
    snprintf(text, sizeof text, "{\"alg\":\"none\",\"alg\":\"EdDSA\",\"kid\":\"%s\"}", kid);
    assert_int_equal(verify(forge(text, CLAIMS, NULL), NOW), WR_ERR_TOKEN_INVALID);
    finish();
}

TEST(signed_claims_of_another_shape_are_invalid)
{
    static const char *const bad[] = {
        CLAIMS_BUT("\"exp\":1767323345"),                            /* no aud */
        CLAIMS_BUT("\"aud\":\"drop\""),                              /* no exp */
        CLAIMS_BUT("\"aud\":[\"drop\"],\"exp\":1767323345"),         /* a list */
        CLAIMS_BUT("\"aud\":\"Drop{}\",\"exp\":1767323345"),         /* no name of a sale */
        CLAIMS_BUT("\"aud\":\"drop\",\"exp\":\"1767323345\""),       /* a text */
        CLAIMS_BUT("\"aud\":\"drop\",\"exp\":1767323345.5"),         /* no whole number */
        CLAIMS_BUT("\"aud\":\"drop\",\"exp\":-1"),                   /* negative */
        CLAIMS_BUT("\"aud\":\"drop\",\"exp\":99999999999999999999"), /* past 64 bits */
        CLAIMS_BUT("\"aud\":\"drop\",\"exp\":1767323345,\"run\":2"), /* twice */
        CLAIMS_BUT("\"aud\":\"01234567890123456789012345678901234567890\",\"exp\":1767323345"),
        "{}",
        "7",
    };
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(verify(forge(header_with("EdDSA"), bad[i], NULL), NOW), WR_ERR_TOKEN_INVALID);
    finish();
}

TEST(huge_tokens_are_invalid)
{
    static char claims[5000];
    start();
    strcpy(claims, "{\"iss\":\"");
    memset(claims + strlen(claims), 'x', 4900);
    strcat(claims, "\"}");
    assert_int_equal(verify(forge(header_with("EdDSA"), claims, NULL), NOW), WR_ERR_TOKEN_INVALID);
    finish();
}

TEST(another_issuer_s_token_is_invalid)
{
    struct wr_keyring *other;
    struct wr_token t;
    char text[WR_TOKEN_MAX];
    start();
    assert_int_equal(wr_keyring_open(&other, folder, "elsewhere", WR_KEYRING_VERIFY), WR_OK);
    size_t len = wr_token_sign(ring, &sample, text);
    assert_int_equal(wr_token_verify(other, text, len, NOW, &t), WR_ERR_TOKEN_INVALID);
    wr_keyring_close(other);
    assert_int_equal(wr_keyring_open(&other, folder, "", WR_KEYRING_VERIFY), WR_ERR_INVALID);
    finish();
}

TEST(the_longest_token_fits)
{
    struct wr_token wide = sample, t;
    char text[WR_TOKEN_MAX], issuer[65];
    memset(wide.sale, 's', WR_SALE_LEN);
    memset(wide.jti, '9', WR_JTI_MAX - 1);
    memset(issuer, 'i', 64);
    issuer[64] = '\0';
    wide.run = wide.gen = wide.granted_ms = INT64_MAX;
    wide.place = INT64_MAX;
    wide.expires_s = INT64_MAX;
    start();
    wr_keyring_close(ring);
    assert_int_equal(wr_keyring_open(&ring, folder, issuer, WR_KEYRING_SIGN), WR_OK);
    size_t len = wr_token_sign(ring, &wide, text);
    assert_int_equal(wr_token_verify(ring, text, len, NOW, &t), WR_OK);
    finish();
}

TEST(keys_rotate_without_a_token_being_lost)
{
    char first[WR_TOKEN_MAX], second[WR_TOKEN_MAX], next[WR_KID_MAX];
    struct wr_keyring *verifier;
    start();
    assert_int_equal(wr_keyring_open(&verifier, folder, "waitroom", WR_KEYRING_VERIFY), WR_OK);
    wr_token_sign(ring, &sample, first);
    assert_int_equal(wr_keys_stage(folder, next), WR_OK);
    wr_keyring_refresh(verifier);
    assert_int_equal(wr_keys_activate(folder, next), WR_OK);
    wr_keyring_refresh(ring);
    wr_token_sign(ring, &sample, second);
    struct wr_keyring *mine = ring;
    ring = verifier; /* has not been refreshed since the activation */
    assert_int_equal(verify(first, NOW), WR_OK);
    assert_int_equal(verify(second, NOW), WR_OK);
    ring = mine;
    assert_int_equal(wr_keys_retire(folder, next, true), WR_ERR_CONFLICT); /* current */
    assert_int_equal(wr_keys_activate(folder, kid), WR_ERR_CONFLICT);      /* previous, not staged */
    assert_int_equal(wr_keys_retire(folder, "nobody", false), WR_ERR_NOT_FOUND);
    assert_int_equal(wr_keys_retire(folder, kid, true), WR_OK);
    wr_keyring_refresh(ring);
    assert_int_equal(verify(first, NOW), WR_ERR_TOKEN_INVALID);
    assert_int_equal(verify(second, NOW), WR_OK);
    wr_keyring_close(verifier);
    finish();
}

static void replaced_ago(int64_t seconds)
{
    struct wr_key_list list;
    assert_int_equal(wr_key_list_read(&list, folder), WR_OK);
    wr_key_list_find(&list, kid)->replaced_s -= seconds;
    assert_int_equal(wr_key_list_write(&list, folder), WR_OK);
}

TEST(a_key_is_kept_while_a_token_that_it_signed_may_live)
{
    char next[WR_KID_MAX], unused[WR_KID_MAX];
    start();
    assert_int_equal(wr_keys_stage(folder, next), WR_OK);
    assert_int_equal(wr_keys_activate(folder, next), WR_OK);
    assert_int_equal(wr_keys_retire(folder, kid, false), WR_ERR_CONFLICT);
    replaced_ago(86400);
    assert_int_equal(wr_keys_retire(folder, kid, false), WR_ERR_CONFLICT); /* a worker may have learned it late */
    assert_int_equal(wr_keys_stage(folder, unused), WR_OK);
    assert_int_equal(wr_keys_retire(folder, unused, false), WR_OK); /* signed nothing */
    replaced_ago(60);
    assert_int_equal(wr_keys_retire(folder, kid, false), WR_OK);
    finish();
}

TEST(a_broken_change_keeps_the_old_keys)
{
    char text[WR_TOKEN_MAX], path[128];
    start();
    snprintf(path, sizeof path, "%s/keys.json", folder);
    wr_token_sign(ring, &sample, text);
    static const char *const broken[] = {"{", "{}", "{\"keys\":[]}",
                                         "{\"keys\":[{\"kid\":\"../x\",\"state\":\"current\",\"x\":\"AA\"}]}",
                                         "{\"keys\":[{\"kid\":\"x\",\"state\":\"current\",\"x\":"
                                         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_int_equal(wr_file_replace(path, broken[i], strlen(broken[i]), 0644), WR_OK);
        wr_keyring_refresh(ring);
        assert_int_equal(verify(text, NOW), WR_OK);
    }
    unlink(path);
    wr_keyring_refresh(ring);
    assert_int_equal(verify(text, NOW), WR_OK);
    finish();
}

TEST(a_ring_without_a_current_key_does_not_open_for_signing)
{
    char empty[] = "/tmp/wr-token-XXXXXX", staged[WR_KID_MAX], command[100];
    struct wr_keyring *none;
    assert_non_null(mkdtemp(empty));
    assert_int_equal(wr_keyring_open(&none, empty, "waitroom", WR_KEYRING_SIGN), WR_ERR_NOT_FOUND);
    assert_int_equal(wr_keys_stage(empty, staged), WR_OK);
    assert_int_equal(wr_keyring_open(&none, empty, "waitroom", WR_KEYRING_SIGN), WR_ERR_INVALID);
    assert_null(none);
    assert_int_equal(wr_keyring_open(&none, empty, "waitroom", WR_KEYRING_VERIFY), WR_OK);
    wr_keyring_close(none);
    snprintf(command, sizeof command, "rm -r '%s'", empty);
    assert_int_equal(system(command), 0);
}

TEST(the_jwks_shows_public_parts_only)
{
    struct wr_buf text = {0};
    start();
    struct wr_json *jwks = wr_keyring_jwks(ring);
    wr_json_render(jwks, &text);
    assert_memory_equal(
        text.at,
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"", 67);
    assert_null(strstr(text.at, "\"d\""));
    wr_buf_free(&text);
    wr_json_free(jwks);
    finish();
}
