#include "redis_private.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void arg_end(struct wr_args *a)
{
    if (a->count == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 16;
        a->ends = wr_realloc(a->ends, a->cap * sizeof *a->ends);
    }
    a->ends[a->count++] = a->bytes.len;
}

void wr_arg(struct wr_args *a, const void *bytes, size_t len)
{
    wr_buf_add(&a->bytes, bytes, len);
    arg_end(a);
}

void wr_arg_text(struct wr_args *a, const char *text)
{
    wr_arg(a, text, strlen(text));
}

void wr_arg_int(struct wr_args *a, int64_t n)
{
    wr_arg_printf(a, "%lld", (long long)n);
}

void wr_arg_printf(struct wr_args *a, const char *fmt, ...)
{
    char text[512];
    va_list list;
    va_start(list, fmt);
    int len = vsnprintf(text, sizeof text, fmt, list);
    va_end(list);
    if (len < 0 || (size_t)len >= sizeof text)
        abort(); /* keys and numbers only: what is longer goes through wr_arg() */
    wr_arg(a, text, (size_t)len);
}

void wr_args_clear(struct wr_args *a)
{
    wr_buf_clear(&a->bytes);
    a->count = 0;
}

void wr_args_free(struct wr_args *a)
{
    wr_buf_free(&a->bytes);
    free(a->ends);
    *a = (struct wr_args){0};
}

/* ---- of one command, borrowed ---- */
void wr_argv_begin(struct wr_argv *v, size_t most)
{
    v->count = 0;
    if (most <= v->cap)
        return;
    v->cap = most * 2;
    v->at = wr_realloc(v->at, v->cap * sizeof *v->at);
    v->lens = wr_realloc(v->lens, v->cap * sizeof *v->lens);
}

void wr_argv_add(struct wr_argv *v, const char *text, size_t len)
{
    v->at[v->count] = text;
    v->lens[v->count++] = len;
}

void wr_argv_add_args(struct wr_argv *v, const struct wr_args *args)
{
    for (size_t i = 0, from = 0; i < args->count; from = args->ends[i++])
        wr_argv_add(v, args->bytes.at + from, args->ends[i] - from);
}

void wr_argv_free(struct wr_argv *v)
{
    free(v->at);
    free(v->lens);
}
