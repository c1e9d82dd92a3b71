#include "claims.h"
#include "crypto.h"
#include "scan.h"
#include <string.h>

bool claims_read(struct claims *out, const char *token)
{
    const char *payload = strchr(token, '.');
    const char *end = payload ? strchr(payload + 1, '.') : NULL;
    char text[1024];
    long len = end ? wr_unbase64url(payload + 1, (size_t)(end - payload - 1), text, sizeof text) : -1;
    if (len < 0)
        return false;
    return scan_int(text, (size_t)len, "granted", &out->granted_ms) &&
           scan_text(text, (size_t)len, "jti", out->jti, sizeof out->jti);
}
