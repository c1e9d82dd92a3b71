/* Any text as a token; any claims, and any header, with a right signature. What is accepted keeps every
 * promise that its readers rely on. */
#include "token.h"
#include "keyring.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1767323045

static struct wr_keyring *ring;

static void open_once(void)
{
    char folder[] = "/tmp/wr-fuzz-XXXXXX", kid[WR_KID_MAX], path[100];
    if (!mkdtemp(folder) || wr_keys_stage(folder, kid) || wr_keys_activate(folder, kid) ||
        wr_keyring_open(&ring, folder, "waitroom", WR_KEYRING_SIGN))
        abort();
    snprintf(path, sizeof path, "%s/%s.pem", folder, kid);
    unlink(path);
    snprintf(path, sizeof path, "%s/keys.json", folder);
    unlink(path);
    rmdir(folder);
}

static void check(const char *text, size_t len)
{
    struct wr_token t;
    char again[WR_TOKEN_MAX];
    enum wr_err err = wr_token_verify(ring, text, len, NOW, &t);
    if (err == WR_ERR_TOKEN_INVALID)
        return;
    if (!wr_sale_valid(t.sale, strlen(t.sale)) || !wr_shopper_valid(t.shopper, strlen(t.shopper)) ||
        !t.jti[0] || t.lane < 0 || t.run < 0 || t.place > INT64_MAX ||
        (t.expires_s <= NOW) != (err == WR_ERR_TOKEN_EXPIRED))
        abort();
    size_t signed_len = wr_token_sign(ring, &t, again);
    if (wr_token_verify(ring, again, signed_len, NOW, &t) != err)
        abort();
}

static void check_signed(const void *header, size_t header_len, const void *claims, size_t claims_len)
{
    static char text[40000];
    uint8_t signature[64];
    if (header_len + claims_len > 20000)
        return;
    size_t len = wr_base64url(header, header_len, text);
    text[len++] = '.';
    len += wr_base64url(claims, claims_len, text + len);
    wr_ed25519_sign(wr_keyring_signer(ring), text, len, signature);
    text[len++] = '.';
    len += wr_base64url(signature, sizeof signature, text + len);
    check(text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char header[100];
    if (!ring)
        open_once();
    check((const char *)data, size);
    snprintf(header, sizeof header, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
             wr_keyring_signer_kid(ring));
    check_signed(header, strlen(header), data, size);
    const uint8_t *split = memchr(data, '\n', size);
    if (split)
        check_signed(data, (size_t)(split - data), split + 1, size - (size_t)(split + 1 - data));
    return 0;
}
