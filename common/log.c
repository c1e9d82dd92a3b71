#include "log.h"
#include "clock.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PER_SECOND_MAX 20
#define MESSAGES_MAX 512 /* distinct literals that are limited; a power of two */
#define LINE_MAX_LEN 2048

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

static void append(char *line, size_t *len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void append(char *line, size_t *len, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int added = vsnprintf(line + *len, LINE_MAX_LEN - *len, fmt, args);
    va_end(args);
    if (added > 0)
        *len += (size_t)added < LINE_MAX_LEN - *len ? (size_t)added : LINE_MAX_LEN - *len - 1;
}

static void append_pairs(char *line, size_t *len, const char *fmt, va_list args)
{
    char pairs[LINE_MAX_LEN - 256]; /* leaves room for the rest of the line */
    if (vsnprintf(pairs, sizeof pairs, fmt, args) <= 0)
        return;
    for (char *c = pairs; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    append(line, len, " %s", pairs);
}

void wr_log(enum wr_log_level level, const char *msg, const char *fmt, ...)
{
    uint64_t suppressed;
    if (level < least_level)
        return;
    pthread_mutex_lock(&lock);
    bool print = may_print(msg, &suppressed);
    pthread_mutex_unlock(&lock);
    if (!print)
        return;
    char line[LINE_MAX_LEN], when[25];
    size_t len = 0;
    wr_wall_text(wr_wall_ms(), when);
    append(line, &len, "%s level=%s msg=\"%.120s\"", when, level_names[level], msg);
    va_list args;
    va_start(args, fmt);
    append_pairs(line, &len, fmt, args);
    va_end(args);
    if (suppressed)
        append(line, &len, " suppressed=%llu", (unsigned long long)suppressed);
    if (process_name)
        append(line, &len, " process=%s pid=%d", process_name, (int)getpid());
    line[len++] = '\n';
    /* One write: lines of several processes do not mix. Nobody could be told of a log that cannot be written.
     */
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}
