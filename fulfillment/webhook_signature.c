#include "webhook_signature.h"
#include "mem.h"
#include <stdlib.h>
#include <string.h>

#define SIGNATURES_MAX 4 /* while secrets are exchanged a provider signs with the old and the new one */

struct parts {
    char t[16];
    const char *v1[SIGNATURES_MAX];
    size_t count;
};

static bool take_time(struct parts *p, const char *value, size_t len)
{
    return !p->t[0] && len > 0 && strspn(value, "0123456789") == len &&
           wr_copy_text(p->t, sizeof p->t, value, len);
}

static bool parse(const char *header, struct parts *p)
{
    for (const char *at = header; *at;) {
        size_t len = strcspn(at, ",");
        if (strncmp(at, "t=", 2) == 0) {
            char digits[16];
            if (!wr_copy_text(digits, sizeof digits, at + 2, len - 2) || !take_time(p, digits, len - 2))
                return false;
        } else if (strncmp(at, "v1=", 3) == 0 && len == 3 + 64 && p->count < SIGNATURES_MAX) {
            p->v1[p->count++] = at + 3;
        }
        at += len + (at[len] == ',');
    }
    return p->t[0] && p->count;
}

bool webhook_signature_valid(struct wr_hmac *secret, const char *header, const void *body, size_t len,
                             int64_t now_s)
{
    struct parts p = {0};
    if (!header || !parse(header, &p))
        return false;
    int64_t signed_s = strtoll(p.t, NULL, 10);
    if (signed_s < now_s - WEBHOOK_TOLERANCE_S || signed_s > now_s + WEBHOOK_TOLERANCE_S)
        return false;

    struct wr_buf text = {0};
    wr_buf_printf(&text, "%s.", p.t);
    wr_buf_add(&text, body, len);
    uint8_t mac[32], given[32];
    wr_hmac_sign(secret, text.at, text.len, mac);
    wr_buf_free(&text);
    bool valid = false;
    for (size_t i = 0; i < p.count; i++)
        valid |= wr_unhex(p.v1[i], 64, given) && wr_equal(mac, given, sizeof mac);
    return valid;
}
