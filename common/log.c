#include "log.h"
#include "clock.h"
#include <errno.h>
#include <printf.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PER_SECOND_MAX 20
#define MESSAGES_MAX 512 /* distinct literals that are limited; a power of two */
#define LINE_MAX_LEN 2048
#define PAIRS_MAX_LEN (LINE_MAX_LEN - 256) /* leaves room for the rest of the line */
#define VALUE_MAX_LEN 1024

struct rate { /* how often one message was printed in the second that began at `since` */
    const char *msg;
    uint64_t since_ms;
    int printed;
    uint64_t suppressed;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* pool threads and librdkafka's log too */
static struct rate rates[MESSAGES_MAX];
static enum wr_log_level least_level = WR_LOG_INFO;
static const char *process_name;

static const char *const level_names[] = {
    [WR_LOG_DEBUG] = "debug", [WR_LOG_INFO] = "info", [WR_LOG_WARN] = "warn", [WR_LOG_ERROR] = "error"};

void wr_log_open(enum wr_log_level least, const char *process)
{
    least_level = least;
    process_name = process;
}

bool wr_log_level_parse(const char *text, enum wr_log_level *out)
{
    for (int level = WR_LOG_DEBUG; level <= WR_LOG_ERROR; level++) {
        if (strcmp(text, level_names[level]) == 0) {
            *out = (enum wr_log_level)level;
            return true;
        }
    }
    return false;
}

/* Messages are literals, so their address tells them apart. NULL when the table is full: then nothing is
 * limited. */
static struct rate *rate_of(const char *msg)
{
    size_t start = (size_t)(((uintptr_t)msg * 0x9E3779B97F4A7C15u) >> 40);
    for (size_t i = 0; i < MESSAGES_MAX; i++) {
        struct rate *r = &rates[(start + i) & (MESSAGES_MAX - 1)];
        if (!r->msg)
            r->msg = msg;
        if (r->msg == msg)
            return r;
    }
    return NULL;
}

/* False: not now. Otherwise `*suppressed` is how many were dropped since the last one printed. */
static bool may_print(const char *msg, uint64_t *suppressed)
{
    *suppressed = 0;
    struct rate *r = rate_of(msg);
    if (!r)
        return true;
    uint64_t now = wr_mono_ms();
    if (now - r->since_ms >= 1000) {
        r->since_ms = now;
        r->printed = 0;
    }
    if (r->printed >= PER_SECOND_MAX) {
        r->suppressed++;
        return false;
    }
    r->printed++;
    *suppressed = r->suppressed;
    r->suppressed = 0;
    return true;
}

struct text {
    char *at;
    size_t len, cap;
};

static void put(struct text *t, char c)
{
    if (t->len + 1 < t->cap)
        t->at[t->len++] = c;
}

static void append(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void append(struct text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int added = vsnprintf(t->at + t->len, t->cap - t->len, fmt, args);
    va_end(args);
    if (added > 0)
        t->len += (size_t)added < t->cap - t->len ? (size_t)added : t->cap - t->len - 1;
}

/* What an argument says, so that it ends neither its line nor its quotes. */
static void put_value(struct text *t, const char *value)
{
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            put(t, '\\');
        put(t, (unsigned char)*value < 0x20 || *value == 0x7f ? '?' : *value);
    }
}

/* One conversion, with the arguments it takes. */
static void put_conversion(struct text *t, const char *spec, va_list *args)
{
    char value[VALUE_MAX_LEN];
    int types[2]; /* of its arguments: a "*" is one, before the value */
    size_t count = parse_printf_format(spec, 2, types);
    int star = count == 2 ? va_arg(*args, int) : -1;
    int type = count ? types[count - 1] : PA_LAST; /* none: %m, %% */
#define FORMAT(v)                                                                                            \
    (count == 2 ? snprintf(value, sizeof value, spec, star, v) : snprintf(value, sizeof value, spec, v))
    switch (type & ~PA_FLAG_SHORT) {
    case PA_STRING:
        FORMAT(va_arg(*args, const char *));
        break;
    case PA_DOUBLE:
        FORMAT(va_arg(*args, double));
        break;
    case PA_INT | PA_FLAG_LONG:
        FORMAT(va_arg(*args, long));
        break;
    case PA_INT | PA_FLAG_LONG_LONG:
        FORMAT(va_arg(*args, long long));
        break;
    case PA_POINTER:
        FORMAT(va_arg(*args, void *));
        break;
    case PA_LAST:
        FORMAT(0);
        break;
    default:
        FORMAT(va_arg(*args, int));
        break;
    }
#undef FORMAT
    put_value(t, value);
}

/* The text of `fmt` is ours, quotes and all; what its conversions bring is not. */
static void append_pairs(struct text *t, const char *fmt, va_list *args)
{
    if (*fmt)
        put(t, ' ');
    while (*fmt) {
        char spec[16];
        size_t len = *fmt == '%' ? strcspn(fmt + 1, "diouxXcspfeEgGm%") + 2 : 0;
        if (len && len < sizeof spec) {
            memcpy(spec, fmt, len);
            spec[len] = '\0';
            put_conversion(t, spec, args);
            fmt += len;
        } else {
            put(t, *fmt++);
        }
    }
}

void wr_log(enum wr_log_level level, const char *msg, const char *fmt, ...)
{
    int why = errno; /* of %m */
    uint64_t suppressed;
    if (level < least_level)
        return;
    pthread_mutex_lock(&lock);
    bool print = may_print(msg, &suppressed);
    pthread_mutex_unlock(&lock);
    if (!print)
        return;
    char line[LINE_MAX_LEN], when[25];
    struct text t = {.at = line, .cap = PAIRS_MAX_LEN};
    wr_wall_text(wr_wall_ms(), when);
    append(&t, "%s level=%s msg=\"%.120s\"", when, level_names[level], msg);
    va_list args;
    va_start(args, fmt);
    errno = why;
    append_pairs(&t, fmt, &args);
    va_end(args);
    t.cap = sizeof line;
    if (suppressed)
        append(&t, " suppressed=%llu", (unsigned long long)suppressed);
    if (process_name)
        append(&t, " process=%s pid=%d", process_name, (int)getpid());
    line[t.len++] = '\n';
    /* One write: lines of several processes do not mix. Nobody could be told of a log that cannot be written.
     */
    ssize_t written = write(STDERR_FILENO, line, t.len);
    (void)written;
}
