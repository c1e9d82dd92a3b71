#include "client_address.h"
#include "log.h"
#include "mem.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS_MAX = 64 };

struct network {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d, so that one comparison does for both */
    int bits;
};
struct wr_proxies {
    struct network networks[NETWORKS_MAX];
    size_t count;
};

static bool to_bytes(const char *text, uint8_t out[16], bool *v4)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    *v4 = inet_pton(AF_INET, text, out + 12) == 1;
    if (*v4)
        memcpy(out, mapped, sizeof mapped);
    return *v4 || inet_pton(AF_INET6, text, out) == 1;
}

static bool parse_bits(const char *text, int max, int *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    long n = strtol(text, &end, 10);
    *out = (int)n;
    return !*end && n >= 0 && n <= max;
}

static bool parse_network(char *text, struct network *out)
{
    char *slash = strchr(text, '/');
    bool v4;
    if (slash)
        *slash = 0;
    if (!to_bytes(text, out->bytes, &v4))
        return false;
    int max = v4 ? 32 : 128, bits = max;
    if (slash && !parse_bits(slash + 1, max, &bits))
        return false;
    out->bits = v4 ? bits + 96 : bits;
    return true;
}

enum wr_err wr_proxies_parse(struct wr_proxies **out, const char *list)
{
    struct wr_proxies *p = wr_alloc(sizeof *p);
    char *copy = wr_strdup(list ? list : ""), *rest = NULL;
    for (char *part = strtok_r(copy, ", \t", &rest); part; part = strtok_r(NULL, ", \t", &rest)) {
        if (p->count == NETWORKS_MAX || !parse_network(part, &p->networks[p->count])) {
            wr_error("trusted proxies not understood", "at=\"%s\" form=\"10.0.0.0/8, ::1\"", part);
            free(copy);
            free(p);
            return WR_ERR_INVALID;
        }
        p->count++;
    }
    free(copy);
    *out = p;
    return WR_OK;
}

void wr_proxies_free(struct wr_proxies *p)
{
    free(p);
}

static bool inside(const struct network *n, const uint8_t address[16])
{
    int whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->bytes, address, (size_t)whole) != 0)
        return false;
    return !rest || (n->bytes[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool wr_proxies_trust(const struct wr_proxies *p, const char *address)
{
    uint8_t bytes[16];
    bool v4;
    if (!to_bytes(address, bytes, &v4))
        return false;
    for (size_t i = 0; i < p->count; i++)
        if (inside(&p->networks[i], bytes))
            return true;
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* The last entry before `*end`, without blanks and brackets; moves `*end` to the comma before it. */
static bool last_entry(const char *list, const char **end, char out[WR_ADDRESS_LEN])
{
    const char *stop = *end, *start;
    while (stop > list && is_space(stop[-1]))
        stop--;
    for (start = stop; start > list && start[-1] != ',';)
        start--;
    *end = start > list ? start - 1 : list;
    while (start < stop && is_space(*start))
        start++;
    if (stop - start >= 2 && *start == '[' && stop[-1] == ']')
        start++, stop--;
    return wr_copy_text(out, WR_ADDRESS_LEN, start, (size_t)(stop - start));
}

void wr_client_address(const struct wr_proxies *p, const char *peer, const char *forwarded,
                       char out[WR_ADDRESS_LEN])
{
    char entry[WR_ADDRESS_LEN];
    uint8_t bytes[16];
    bool v4;
    wr_copy_text(out, WR_ADDRESS_LEN, peer, strlen(peer));
    const char *end = forwarded ? forwarded + strlen(forwarded) : NULL;
    while (end && end > forwarded && wr_proxies_trust(p, out)) {
        if (!last_entry(forwarded, &end, entry) || !to_bytes(entry, bytes, &v4))
            return;
        memcpy(out, entry, sizeof entry);
    }
}
