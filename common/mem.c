#include "mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return p;
}

void *wr_alloc(size_t size)
{
    return or_abort(calloc(1, size ? size : 1));
}

void *wr_realloc(void *p, size_t size)
{
    return or_abort(realloc(p, size ? size : 1));
}

void *wr_dup(const void *p, size_t len)
{
    char *copy = or_abort(malloc(len + 1));
    if (len)
        memcpy(copy, p, len);
    copy[len] = '\0';
    return copy;
}

char *wr_strdup(const char *text)
{
    return wr_dup(text, strlen(text));
}

/* Room for `more` bytes and the NUL. */
static void reserve(struct wr_buf *b, size_t more)
{
    if (b->cap - b->len > more)
        return;
    size_t cap = b->cap ? b->cap * 2 : 64;
    while (cap - b->len <= more)
        cap *= 2;
    b->at = wr_realloc(b->at, cap);
    b->cap = cap;
}

void wr_buf_add(struct wr_buf *b, const void *bytes, size_t len)
{
    reserve(b, len);
    if (len)
        memcpy(b->at + b->len, bytes, len);
    b->len += len;
    b->at[b->len] = '\0';
}

void wr_buf_text(struct wr_buf *b, const char *text)
{
    wr_buf_add(b, text, strlen(text));
}

void wr_buf_printf(struct wr_buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    reserve(b, 63); /* most texts fit at the first try */
    int len = vsnprintf(b->at + b->len, b->cap - b->len, fmt, args);
    if (len < 0)
        abort();
    if ((size_t)len >= b->cap - b->len) {
        reserve(b, (size_t)len);
        vsnprintf(b->at + b->len, b->cap - b->len, fmt, again);
    }
    b->len += (size_t)len;
    va_end(again);
    va_end(args);
}

void wr_buf_clear(struct wr_buf *b)
{
    b->len = 0;
    if (b->at)
        b->at[0] = '\0';
}

void wr_buf_free(struct wr_buf *b)
{
    free(b->at);
    *b = (struct wr_buf){0};
}

bool wr_copy_text(char *out, size_t cap, const char *text, size_t len)
{
    out[0] = '\0';
    if (len >= cap)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}
