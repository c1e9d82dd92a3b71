#include "crypto.h"
#include "log.h"
#include "mem.h"
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;
static EVP_MAC *hmac;

/* What fails here is out of memory or a library without its own algorithms. */
static void must(bool worked, const char *call)
{
    if (worked)
        return;
    wr_error("crypto", "call=%s", call);
    abort();
}

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(sha256 && hmac, "fetch");
}

/* ---- random bytes, digests ---- */

void wr_random(void *out, size_t len)
{
    must(RAND_bytes(out, (int)len) == 1, "RAND_bytes");
}

void wr_sha256(const void *data, size_t len, uint8_t out[32])
{
    pthread_once(&fetched, fetch);
    must(EVP_Digest(data, len, out, NULL, sha256, NULL) == 1, "EVP_Digest");
}

bool wr_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

bool wr_secret_equal(const char *text, const void *secret, size_t len)
{
    uint8_t theirs[32], ours[32]; /* digests have one length */
    wr_sha256(text, strlen(text), theirs);
    wr_sha256(secret, len, ours);
    return wr_equal(theirs, ours, sizeof ours);
}

struct wr_hmac {
    EVP_MAC_CTX *ctx;
};

struct wr_hmac *wr_hmac_new(const void *key, size_t len)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    struct wr_hmac *h = wr_alloc(sizeof *h);
    pthread_once(&fetched, fetch);
    h->ctx = EVP_MAC_CTX_new(hmac);
    must(h->ctx && EVP_MAC_init(h->ctx, key, len, params) == 1, "EVP_MAC_init");
    return h;
}

void wr_hmac_sign(struct wr_hmac *h, const void *data, size_t len, uint8_t out[32])
{
    size_t written;
    /* Without a key it starts over with the one it has. */
    must(EVP_MAC_init(h->ctx, NULL, 0, NULL) == 1, "EVP_MAC_init");
    must(EVP_MAC_update(h->ctx, data, len) == 1, "EVP_MAC_update");
    must(EVP_MAC_final(h->ctx, out, &written, 32) == 1 && written == 32, "EVP_MAC_final");
}

void wr_hmac_free(struct wr_hmac *h)
{
    if (!h)
        return;
    EVP_MAC_CTX_free(h->ctx);
    free(h);
}

/* ---- encodings: OpenSSL's own pad, take white space and do not see stray bits ---- */

void wr_hex(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

int wr_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool wr_unhex(const char *text, size_t len, void *out)
{
    uint8_t *bytes = out;
    if (len % 2)
        return false;
    for (size_t i = 0; i < len; i += 2) {
        int high = wr_hex_digit(text[i]), low = wr_hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    return true;
}

size_t wr_base64url(const void *data, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *bytes = data;
    uint32_t bits = 0;
    int have = 0;
    size_t written = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6)
            out[written++] = digits[bits >> (have - 6) & 63];
    }
    if (have)
        out[written++] = digits[bits << (6 - have) & 63];
    out[written] = '\0';
    return written;
}

static int base64url_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

long wr_unbase64url(const char *text, size_t len, void *out, size_t cap)
{
    uint8_t *bytes = out;
    uint32_t bits = 0;
    int have = 0;
    size_t written = 0;
    if (len % 4 == 1 || len / 4 * 3 + len % 4 * 3 / 4 > cap)
        return -1;
    for (size_t i = 0; i < len; i++) {
        int digit = base64url_digit(text[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes[written++] = (uint8_t)(bits >> have);
        }
    }
    if (bits & ((1u << have) - 1))
        return -1; /* the same bytes would have a second text */
    return (long)written;
}

/* ---- Ed25519 ---- */

struct wr_ed25519 {
    EVP_PKEY *key;
    EVP_MD_CTX *ctx; /* reused */
};

static struct wr_ed25519 *wrap(EVP_PKEY *key)
{
    struct wr_ed25519 *e = wr_alloc(sizeof *e);
    e->key = key;
    e->ctx = EVP_MD_CTX_new();
    must(e->ctx, "EVP_MD_CTX_new");
    return e;
}

struct wr_ed25519 *wr_ed25519_new(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    must(key, "EVP_PKEY_Q_keygen");
    return wrap(key);
}

/* Instead of asking at the terminal. */
static int no_passphrase(char *out, int cap, int writing, void *ctx)
{
    (void)out, (void)cap, (void)writing, (void)ctx;
    return -1;
}

enum wr_err wr_ed25519_load(struct wr_ed25519 **out, const char *pem_path)
{
    *out = NULL;
    FILE *file = fopen(pem_path, "re");
    if (!file) {
        wr_error("key cannot be opened", "file=\"%s\" what=\"%m\"", pem_path);
        return WR_ERR_NOT_FOUND;
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
    fclose(file);
    if (!key || !EVP_PKEY_is_a(key, "ED25519")) {
        wr_error("not an Ed25519 private key in PEM", "file=\"%s\"", pem_path);
        EVP_PKEY_free(key);
        return WR_ERR_INVALID;
    }
    *out = wrap(key);
    return WR_OK;
}

enum wr_err wr_ed25519_save(const struct wr_ed25519 *key, const char *pem_path)
{
    int fd = open(pem_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        wr_error("key cannot be written", "file=\"%s\" what=\"%m\"", pem_path);
        if (fd >= 0)
            close(fd);
        return WR_ERR_BACKEND;
    }
    bool written = PEM_write_PrivateKey(file, key->key, NULL, NULL, 0, NULL, NULL) == 1 &&
                   fflush(file) == 0 && fsync(fd) == 0;
    if (fclose(file) == 0 && written)
        return WR_OK;
    wr_error("key cannot be written", "file=\"%s\" what=\"%m\"", pem_path);
    unlink(pem_path);
    return WR_ERR_BACKEND;
}

struct wr_ed25519 *wr_ed25519_public(const uint8_t raw[32])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, raw, 32);
    must(key, "EVP_PKEY_new_raw_public_key_ex");
    return wrap(key);
}

void wr_ed25519_raw(const struct wr_ed25519 *key, uint8_t raw[32])
{
    size_t len = 32;
    must(EVP_PKEY_get_raw_public_key(key->key, raw, &len) == 1 && len == 32, "EVP_PKEY_get_raw_public_key");
}

void wr_ed25519_sign(const struct wr_ed25519 *key, const void *data, size_t len, uint8_t sig[64])
{
    size_t sig_len = 64;
    must(EVP_DigestSignInit(key->ctx, NULL, NULL, NULL, key->key) == 1, "EVP_DigestSignInit");
    must(EVP_DigestSign(key->ctx, sig, &sig_len, data, len) == 1 && sig_len == 64, "EVP_DigestSign");
}

bool wr_ed25519_verify(const struct wr_ed25519 *key, const void *data, size_t len, const uint8_t sig[64])
{
    must(EVP_DigestVerifyInit(key->ctx, NULL, NULL, NULL, key->key) == 1, "EVP_DigestVerifyInit");
    return EVP_DigestVerify(key->ctx, sig, 64, data, len) == 1;
}

void wr_ed25519_free(struct wr_ed25519 *key)
{
    if (!key)
        return;
    EVP_MD_CTX_free(key->ctx);
    EVP_PKEY_free(key->key);
    free(key);
}

const char *wr_crypto_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
