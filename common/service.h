/* service.h - the frame every daemon hangs in: options, environment, --help, --version, logging, loop, HTTP
 * with /healthz /readyz /metrics, signals, prefork, drain.
 *
 * Order: options are read and checked (out of range refuses to start, saying which and why) -> workers are
 * forked -> loop and HTTP open -> open() -> the loop runs -> SIGTERM or SIGINT: readyz turns 503, drain() ->
 * wr_drained() or the drain limit -> close() -> exit 0. With --workers N the first process only watches: it
 * restarts a worker that dies (after 100 ms, doubling to 2 s), passes SIGTERM on and waits. */
#ifndef WR_SERVICE_H
#define WR_SERVICE_H
#include "err.h"
#include "http.h"
#include "loop.h"
#include "metrics.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wr_option_type { WR_OPTION_TEXT, WR_OPTION_INT };
struct wr_option {
    const char *flag; /* "--redis-line" */
    const char *env;  /* "WR_REDIS_LINE" */
    enum wr_option_type type;
    size_t offset;        /* TEXT: const char *; INT: int64_t */
    const char *fallback; /* NULL: must be given */
    int64_t min, max;     /* INT */
    const char *help;     /* one sentence with the unit; also the text of docs/configuration.md */
};
#define WR_OPT_TEXT(s, f, flag_, env_, fallback_, help_)                                                     \
    {                                                                                                        \
        .flag = flag_, .env = env_, .type = WR_OPTION_TEXT, .offset = offsetof(s, f), .fallback = fallback_, \
        .help = help_                                                                                        \
    }
#define WR_OPT_INT(s, f, flag_, env_, fallback_, min_, max_, help_)                                          \
    {                                                                                                        \
        .flag = flag_, .env = env_, .type = WR_OPTION_INT, .offset = offsetof(s, f), .fallback = fallback_,  \
        .min = min_, .max = max_, .help = help_                                                              \
    }

/* First member of every daemon's config struct; the frame's own options fill it. */
struct wr_service_config {
    const char *listen;    /* --listen ADDR:PORT            WR_LISTEN */
    const char *log_level; /* --log-level info              WR_LOG_LEVEL */
    /* --public-url URL: the one public origin; https makes cookies Secure                  WR_PUBLIC_URL */
    const char *public_url;
    /* --allowed-origins A,B; the public URL's origin is always allowed                WR_ALLOWED_ORIGINS */
    const char *allowed_origins;
    int64_t workers;  /* --workers N, only where the service allows it                         WR_WORKERS */
    int64_t drain_ms; /* --drain-ms                                                            WR_DRAIN_MS */
};

struct wr_runtime; /* what the frame lends a daemon: valid from open() to close() */
struct wr_loop *wr_runtime_loop(struct wr_runtime *rt);
struct wr_http *wr_runtime_http(struct wr_runtime *rt);
const char *wr_runtime_id(const struct wr_runtime *rt); /* 16 hex digits, drawn per process */
void wr_drained(struct wr_runtime *rt);                 /* nothing is left in flight: go on to close() */

/* `admissiond keys stage`: runs instead of serving, with the same options, and returns the exit status. */
struct wr_command {
    const char *name, *help;
    /* argv: what follows the command's name and is no option. An option that must be given to serve and was
     * not is "" or 0 here: the command asks for what it needs. */
    int (*run)(const void *config, int argc, char **argv);
};

struct wr_service {
    const char *name, *summary;
    const struct wr_option *options; /* ends with flag == NULL */
    size_t config_size;
    bool preforks;
    const struct wr_metric *metrics;
    size_t metric_count;
    const struct wr_route *routes;               /* ends with path == NULL */
    const struct wr_socket_route *socket_routes; /* NULL: none */
    const struct wr_command *commands;           /* NULL: none; ends with name == NULL */
    /* `*daemon` is what handlers get as `ctx`. An error stops the process; open() has logged it. */
    enum wr_err (*open)(struct wr_runtime *rt, const void *config, void **daemon);
    bool (*ready)(void *daemon, const char **why); /* may be NULL: always ready. `why`: a literal, when not */
    void (*drain)(void *daemon); /* may be NULL: what is in flight is answered, then it is drained */
    /* may be NULL: it is. While the last connections are answered: nothing that they brought is still to be done. */
    bool (*idle)(void *daemon);
    /* Runs after the server has closed, so that on_close of every socket has run; requests not yet answered
     * may still be. */
    void (*close)(void *daemon);
};
int wr_service_main(const struct wr_service *service, int argc, char **argv);
#endif
