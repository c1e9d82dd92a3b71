#include "http_wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX (1 << 20)

size_t http_write(const struct http_request *r, char *out, size_t cap)
{
    char body_headers[96] = "";
    if (r->content_type)
        snprintf(body_headers, sizeof body_headers, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                 r->content_type, strlen(r->body));
    else if (strcmp(r->method, "POST") == 0)
        snprintf(body_headers, sizeof body_headers, "Content-Length: 0\r\n");
    int len = snprintf(out, cap, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s%s%s\r\n%s", r->method, r->path,
                       r->host, r->origin ? "Origin: " : "", r->origin ? r->origin : "",
                       r->origin ? "\r\n" : "", body_headers, r->headers, r->content_type ? r->body : "");
    return len < 0 || (size_t)len >= cap ? 0 : (size_t)len;
}

/* ---- reading ---- */
const char *http_header(const struct http_answer *a, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    const char *end = a->head + a->head_len;
    for (const char *line = a->head; line < end;) {
        const char *eol = memchr(line, '\r', (size_t)(end - line));
        if (!eol)
            return NULL;
        if ((size_t)(eol - line) > name_len && line[name_len] == ':' &&
            strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1;
            while (value < eol && (*value == ' ' || *value == '\t'))
                value++;
            while (eol > value && (eol[-1] == ' ' || eol[-1] == '\t'))
                eol--;
            *len = (size_t)(eol - value);
            return value;
        }
        line = eol + 2;
    }
    return NULL;
}

bool http_cookie(const struct http_answer *a, const char *name, char *out, size_t cap)
{
    struct http_answer rest = *a;
    const char *end = a->head + a->head_len;
    size_t len, name_len = strlen(name);
    for (const char *value; (value = http_header(&rest, "set-cookie", &len));) {
        if (len > name_len && value[name_len] == '=' && strncmp(value, name, name_len) == 0) {
            size_t value_len = 0;
            const char *text = value + name_len + 1;
            while (name_len + 1 + value_len < len && text[value_len] != ';')
                value_len++;
            if (value_len >= cap)
                return false;
            memcpy(out, text, value_len);
            out[value_len] = '\0';
            return true;
        }
        const char *next = memchr(value, '\n', (size_t)(end - value));
        rest.head = next ? next + 1 : end;
        rest.head_len = (size_t)(end - rest.head);
    }
    return false;
}

static long header_number(const struct http_answer *a, const char *name, int base)
{
    size_t len;
    const char *value = http_header(a, name, &len);
    if (!value)
        return -1;
    char *end;
    long n = strtol(value, &end, base);
    return end == value || n < 0 ? -1 : n;
}

static bool header_is(const struct http_answer *a, const char *name, const char *value)
{
    size_t len;
    const char *text = http_header(a, name, &len);
    return text && len == strlen(value) && strncasecmp(text, value, len) == 0;
}

/* Joins the chunks at `bytes` and leaves the body's length in `out`. Same results as http_read(). */
static long read_chunks(char *bytes, size_t len, size_t *out)
{
    size_t at = 0, joined = 0;
    bool whole = false;
    for (int pass = 0; pass < 2; pass++) { /* first see that all is there, then move it */
        at = joined = 0;
        whole = false;
        while (!whole) {
            char *eol = memchr(bytes + at, '\n', len - at);
            if (!eol)
                return 0;
            char *digits_end;
            long size = strtol(bytes + at, &digits_end, 16);
            if (digits_end == bytes + at || size < 0 || size > BODY_MAX)
                return -1;
            size_t data = (size_t)(eol + 1 - bytes);
            if (len - data < (size_t)size + 2)
                return 0;
            if (bytes[data + (size_t)size] != '\r')
                return -1;
            if (pass)
                memmove(bytes + joined, bytes + data, (size_t)size);
            joined += (size_t)size;
            at = data + (size_t)size + 2;
            whole = size == 0;
        }
        if (!pass && joined > BODY_MAX)
            return -1;
    }
    *out = joined;
    return (long)at;
}

static bool has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* 1: the head is there, and out->body behind it; else the result of http_read(). */
static long read_head(char *bytes, size_t len, struct http_answer *out)
{
    if (len < 14)
        return 0;
    if (memcmp(bytes, "HTTP/1.1 ", 9) != 0)
        return -1;
    char *end = memmem(bytes, len, "\r\n\r\n", 4);
    char *head = memchr(bytes, '\n', len);
    if (!end || !head)
        return len > 16384 ? -1 : 0;
    *out = (struct http_answer){.status = atoi(bytes + 9), .head = head + 1, .body = end + 4};
    if (out->status < 100 || out->status > 599)
        return -1;
    out->head_len = end >= head ? (size_t)(end + 2 - out->head) : 0;
    out->closes = header_is(out, "connection", "close");
    long after = header_number(out, "retry-after", 10);
    out->retry_after_s = after > 0 ? (int)after : 0;
    return 1;
}

long http_read(char *bytes, size_t len, struct http_answer *out)
{
    long there = read_head(bytes, len, out);
    if (there <= 0)
        return there;
    size_t from = (size_t)(out->body - bytes);
    if (has_no_body(out->status))
        return (long)from;
    if (header_is(out, "transfer-encoding", "chunked")) {
        long taken = read_chunks(out->body, len - from, &out->body_len);
        return taken <= 0 ? taken : (long)from + taken;
    }
    long length = header_number(out, "content-length", 10);
    if (length < 0 || length > BODY_MAX)
        return -1; /* a body that only the end of the connection ends: our servers send none */
    if (len - from < (size_t)length)
        return 0;
    out->body_len = (size_t)length;
    return (long)from + length;
}
