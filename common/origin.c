#include "origin.h"
#include "log.h"
#include "mem.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ORIGINS_MAX = 64, ORIGIN_LEN = 200 };

struct wr_origins {
    char list[ORIGINS_MAX][ORIGIN_LEN];
    size_t count;
};

static bool drop_suffix(char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    if (n < m || strcmp(text + n - m, suffix) != 0)
        return false;
    text[n - m] = 0;
    return true;
}

/* Writes the origin of a URL as a browser would send it. */
static bool origin_of(const char *url, char out[ORIGIN_LEN])
{
    bool tls = !strncasecmp(url, "https://", 8);
    if (!tls && strncasecmp(url, "http://", 7) != 0)
        return false;
    size_t scheme = tls ? 8 : 7;
    size_t host = strcspn(url + scheme, "/?#");
    if (!host || !wr_copy_text(out, ORIGIN_LEN, url, scheme + host))
        return false;
    for (char *c = out; *c; c++) {
        if (*c <= ' ' || *c == '@' || *c == '\\' || (unsigned char)*c > 126)
            return false;
        *c = (char)tolower((unsigned char)*c);
    }
    drop_suffix(out, tls ? ":443" : ":80");
    return true;
}

static enum wr_err add(struct wr_origins *o, const char *url)
{
    if (o->count < ORIGINS_MAX && origin_of(url, o->list[o->count])) {
        o->count++;
        return WR_OK;
    }
    wr_error("origin not understood", "at=\"%s\" form=\"https://shop.example\"", url);
    return WR_ERR_INVALID;
}

enum wr_err wr_origins_parse(struct wr_origins **out, const char *public_url, const char *list)
{
    struct wr_origins *o = wr_alloc(sizeof *o);
    char *copy = wr_strdup(list ? list : ""), *rest = NULL;
    enum wr_err err = public_url && *public_url ? add(o, public_url) : WR_OK;
    for (char *part = strtok_r(copy, ", \t", &rest); part && !err; part = strtok_r(NULL, ", \t", &rest))
        err = add(o, part);
    free(copy);
    if (err) {
        free(o);
        return err;
    }
    *out = o;
    return WR_OK;
}

void wr_origins_free(struct wr_origins *o)
{
    free(o);
}

bool wr_origins_allow(const struct wr_origins *o, const char *origin)
{
    for (size_t i = 0; origin && i < o->count; i++)
        if (!strcmp(o->list[i], origin))
            return true;
    return false;
}
