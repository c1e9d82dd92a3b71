#include "route.h"
#include "form.h"
#include "mem.h"
#include <string.h>

/* One segment, decoded into `out`; -1: it can match nothing. */
static long decode_segment(const char *at, size_t len, char *out)
{
    long n = wr_percent_decode(at, len, false, out);
    if (n <= 0 || memchr(out, '/', (size_t)n) || !strcmp(out, ".") || !strcmp(out, ".."))
        return -1;
    return n;
}

static long decode_rest(const char *at, char *out)
{
    long total = 0;
    for (;;) {
        size_t len = strcspn(at, "/");
        long n = decode_segment(at, len, out + total);
        if (n < 0)
            return -1;
        total += n;
        if (!at[len])
            return total;
        out[total++] = '/';
        at += len + 1;
    }
}

static bool keep(struct wr_params *out, const char *name, size_t name_len, long value_len, char **text)
{
    if (value_len < 0 || out->count == WR_PARAMS_MAX)
        return false;
    struct wr_param *p = &out->at[out->count++];
    p->value = *text;
    *text += value_len + 1;
    return wr_copy_text(p->name, sizeof p->name, name, name_len);
}

bool wr_path_match(const char *pattern, const char *path, struct wr_params *out)
{
    char *text = out->text;
    out->count = 0;
    while (*pattern == '/' && *path == '/') {
        pattern++;
        path++;
        size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");
        if (want == 1 && *pattern == '*')
            return keep(out, "rest", 4, decode_rest(path, text), &text);
        if (want > 2 && *pattern == '{') {
            if (!keep(out, pattern + 1, want - 2, decode_segment(path, have, text), &text))
                return false;
        } else if (want != have || memcmp(pattern, path, want) != 0) {
            return false;
        }
        pattern += want;
        path += have;
    }
    return !*pattern && !*path;
}

static void allow_add(char allow[96], const char *method)
{
    size_t len = strlen(allow);
    if (strstr(allow, method) || len + strlen(method) + 3 > 96)
        return;
    strcat(strcat(allow, len ? ", " : ""), method);
}

enum wr_err wr_route_find(const struct wr_route *routes, const char *method, const char *path,
                          const struct wr_route **route, struct wr_params *params, char allow[96])
{
    const char *wanted = strcmp(method, "HEAD") ? method : "GET";
    allow[0] = 0;
    for (const struct wr_route *r = routes; r && r->path; r++) {
        if (!wr_path_match(r->path, path, params))
            continue;
        if (!strcmp(r->method, wanted)) {
            *route = r;
            return WR_OK;
        }
        allow_add(allow, r->method);
        if (!strcmp(r->method, "GET"))
            allow_add(allow, "HEAD");
        allow_add(allow, "OPTIONS");
    }
    return *allow ? WR_ERR_METHOD : WR_ERR_NOT_FOUND;
}
