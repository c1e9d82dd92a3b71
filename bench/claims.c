#include "claims.h"
#include "scan.h"
#include <string.h>

static int value_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool claims_read(struct claims *out, const char *token)
{
    const char *payload = strchr(token, '.');
    const char *end = payload ? strchr(payload + 1, '.') : NULL;
    char text[1024];
    size_t len = 0;
    uint32_t bits = 0;
    int held = 0;
    if (!end)
        return false;
    for (const char *p = payload + 1; p < end; p++) {
        int value = value_of(*p);
        if (value < 0 || len == sizeof text)
            return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8)
            text[len++] = (char)(bits >> (held -= 8));
    }
    return scan_int(text, len, "granted", &out->granted_ms) &&
           scan_text(text, len, "jti", out->jti, sizeof out->jti);
}
