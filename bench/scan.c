#include "scan.h"
#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *at, *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

/* From the opening quote to behind the closing one; false at the end of the text. */
static bool skip_string(struct cursor *c)
{
    for (c->at++; c->at < c->end; c->at++) {
        if (*c->at == '\\')
            c->at++;
        else if (*c->at == '"') {
            c->at++;
            return true;
        }
    }
    return false;
}

static bool skip_value(struct cursor *c)
{
    int depth = 0;
    while (c->at < c->end) {
        char ch = *c->at;
        if (ch == '"') {
            if (!skip_string(c))
                return false;
            continue;
        }
        if (ch == '{' || ch == '[')
            depth++;
        if ((ch == '}' || ch == ']') && depth-- == 0)
            return true;
        if (ch == ',' && depth == 0)
            return true;
        c->at++;
    }
    return false;
}

static bool skip_mark(struct cursor *c, char mark)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != mark)
        return false;
    c->at++;
    return true;
}

/* A name, without its quotes, and its value: each from its first character to behind its last. */
static bool next_member(struct cursor *c, struct cursor *name, struct cursor *value)
{
    skip_blanks(c);
    name->at = c->at;
    if (c->at == c->end || *c->at != '"' || !skip_string(c))
        return false;
    name->at++;
    name->end = c->at - 1;
    if (!skip_mark(c, ':'))
        return false;
    skip_blanks(c);
    value->at = c->at;
    if (!skip_value(c))
        return false;
    value->end = c->at;
    return true;
}

/* The value of `name`, from its first character to behind its last. */
static bool find(const char *json, size_t len, const char *name, struct cursor *value)
{
    struct cursor c = {json, json + len}, key;
    size_t name_len = strlen(name);
    if (!skip_mark(&c, '{'))
        return false;
    do {
        if (!next_member(&c, &key, value))
            return false;
        if ((size_t)(key.end - key.at) == name_len && memcmp(key.at, name, name_len) == 0)
            return value->at < value->end;
    } while (skip_mark(&c, ','));
    return false;
}

bool scan_text(const char *json, size_t len, const char *name, char *out, size_t cap)
{
    struct cursor v;
    if (!find(json, len, name, &v) || *v.at != '"')
        return false;
    size_t n = 0;
    for (const char *p = v.at + 1; *p != '"'; p++) {
        if (*p == '\\' && *++p != '/')
            return false;
        if (n + 1 >= cap)
            return false;
        out[n++] = *p;
    }
    out[n] = '\0';
    return true;
}

bool scan_int(const char *json, size_t len, const char *name, int64_t *out)
{
    struct cursor v;
    if (!find(json, len, name, &v))
        return false;
    bool negative = *v.at == '-';
    const char *p = v.at + negative;
    if (p >= v.end || *p < '0' || *p > '9')
        return false;
    int64_t n = 0;
    for (; p < v.end && *p >= '0' && *p <= '9'; p++) {
        if (n > (INT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (*p - '0');
    }
    *out = negative ? -n : n;
    return true;
}

bool scan_true(const char *json, size_t len, const char *name)
{
    struct cursor v;
    return find(json, len, name, &v) && v.end - v.at >= 4 && memcmp(v.at, "true", 4) == 0;
}
