#include "id.h"
#include "clock.h"
#include "mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void wr_secret_new(char out[WR_SECRET_LEN + 1])
{
    uint8_t bits[16];
    wr_random(bits, sizeof bits);
    wr_base64url(bits, sizeof bits, out);
}

bool wr_shopper_of(const char *secret, size_t len, char out[WR_SHOPPER_LEN + 1])
{
    uint8_t bits[16], digest[32];
    if (len != WR_SECRET_LEN || wr_unbase64url(secret, len, bits, sizeof bits) != sizeof bits)
        return false;
    wr_sha256(bits, sizeof bits, digest);
    wr_hex(digest, 16, out);
    return true;
}

static bool lower_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool wr_shopper_valid(const char *text, size_t len)
{
    if (len != WR_SHOPPER_LEN)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!lower_hex(text[i]))
            return false;
    }
    return true;
}

bool wr_sale_valid(const char *text, size_t len)
{
    if (len == 0 || len > WR_SALE_LEN || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

bool wr_uuid_valid(const char *text, size_t len)
{
    if (len != WR_UUID_LEN)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !lower_hex(text[i]))
            return false;
    }
    return true;
}

/* RFC 9562 5.7: 48 bits of milliseconds, version, 12 bits, variant, 62 bits; `bits` fills what is left. */
static void uuid7_of(int64_t wall_ms, const uint8_t bits[10], char out[WR_UUID_LEN + 1])
{
    uint8_t u[16];
    char hex[33];
    for (int i = 0; i < 6; i++)
        u[i] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * i));
    memcpy(u + 6, bits, 10);
    u[6] = (uint8_t)(0x70 | (u[6] & 0x0F));
    u[8] = (uint8_t)(0x80 | (u[8] & 0x3F));
    wr_hex(u, sizeof u, hex);
    snprintf(out, WR_UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

void wr_uuid7(char out[WR_UUID_LEN + 1])
{
    uint8_t bits[10];
    wr_random(bits, sizeof bits);
    uuid7_of(wr_wall_ms(), bits, out);
}

void wr_order_id(struct wr_hmac *key, int64_t run, const char *jti, int64_t granted_ms,
                 char out[WR_UUID_LEN + 1])
{
    uint8_t digest[32];
    struct wr_buf text = {0};
    wr_buf_printf(&text, "%" PRId64 "|%s", run, jti);
    wr_hmac_sign(key, text.at, text.len, digest);
    wr_buf_free(&text);
    uuid7_of(granted_ms, digest, out);
}
