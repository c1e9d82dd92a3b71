/* service.c - start, serve, drain, end.
 *
 *   options --> fork --> loop, HTTP, open() --> run --SIGTERM--> drain() --wr_drained()--> settle --> close
 *                                                                  |                          ^
 *                                                                  +------- drain limit ------+
 *
 * `settle` gives the answers that were just written up to a second to leave. What does not close in time stays as it
 * is, and then the process leaves by _exit(): handlers of exit() would free under threads that still run. */
#include "service.h"
#include "crypto.h"
#include "http_client.h"
#include "kafka.h"
#include "log.h"
#include "options.h"
#include "pg.h"
#include "prefork.h"
#include "redis.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 1048576 /* beyond about ten million libwebsockets falls back to 2,560 */
#define SETTLE_MS 1000
#define SETTLE_LOOK_MS 10
#define CLOSE_MS 3000

enum state { STARTING, SERVING, DRAINING, SETTLING };

struct wr_runtime {
    const struct wr_service *service;
    const struct wr_service_config *config;
    enum state state;
    int worker;
    char id[17];
    struct wr_loop *loop;
    struct wr_http *http;
    struct wr_route *routes; /* ours, then the service's */
    struct wr_signal *on_term, *on_int;
    struct wr_timer *drain_limit, *settle;
    uint64_t settle_until_ms;
    void *daemon;
};

static struct wr_runtime
    runtime; /* one a process; the built-in routes get the daemon as their ctx and look here */

struct wr_loop *wr_runtime_loop(struct wr_runtime *rt)
{
    return rt->loop;
}

struct wr_http *wr_runtime_http(struct wr_runtime *rt)
{
    return rt->http;
}

const char *wr_runtime_id(const struct wr_runtime *rt)
{
    return rt->id;
}

/* ---- built-in routes ---- */

static void show_alive(void *ctx, struct wr_request *req)
{
    (void)ctx;
    wr_answer_json(req, 200,
                   wr_json_build("{s:s, s:s, s:s}", "status", "alive", "name", runtime.service->name,
                                 "version", WR_VERSION));
}

static void show_ready(void *ctx, struct wr_request *req)
{
    const char *why = "It is still starting.";
    if (runtime.state >= DRAINING)
        wr_answer_problem(req, WR_ERR_DRAINING, NULL, 0);
    else if (runtime.state == SERVING && (!runtime.service->ready || runtime.service->ready(ctx, &why)))
        wr_answer_json(req, 200, wr_json_build("{s:s}", "status", "ready"));
    else
        wr_answer_problem(req, WR_ERR_BACKEND, why, 0);
}

static void show_metrics(void *ctx, struct wr_request *req)
{
    (void)ctx;
    struct wr_buf text = {0};
    wr_metrics_render(&text);
    wr_answer(req, &(struct wr_answer){.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                       .body = text.at,
                                       .len = text.len,
                                       .headers = {{"cache-control", "no-store"}}});
    wr_buf_free(&text);
}

static const struct wr_route frame_routes[] = {
    {.method = "GET", .path = "/healthz", .handle = show_alive},
    {.method = "GET", .path = "/readyz", .handle = show_ready},
    {.method = "GET", .path = "/metrics", .handle = show_metrics},
};
#define FRAME_ROUTES (sizeof frame_routes / sizeof *frame_routes)

static struct wr_route *all_routes(const struct wr_route *own)
{
    size_t count = 0;
    while (own && own[count].path)
        count++;
    struct wr_route *routes = wr_alloc((FRAME_ROUTES + count + 1) * sizeof *routes);
    memcpy(routes, frame_routes, sizeof frame_routes);
    if (count)
        memcpy(routes + FRAME_ROUTES, own, count * sizeof *own);
    return routes;
}

/* ---- drain ---- */

static void settle(void *ctx)
{
    struct wr_runtime *rt = ctx;
    wr_http_stop_accepting(rt->http);
    bool idle = !rt->service->idle || rt->service->idle(rt->daemon);
    if ((idle && wr_http_connections(rt->http) == 0) || wr_loop_now_ms(rt->loop) >= rt->settle_until_ms)
        wr_loop_stop(rt->loop);
}

void wr_drained(struct wr_runtime *rt)
{
    if (rt->state != DRAINING)
        return;
    rt->state = SETTLING; /* from a handler, too: what calls handlers is closed on a turn of its own */
    rt->settle_until_ms = wr_loop_now_ms(rt->loop) + SETTLE_MS;
    wr_timer_start(rt->settle, 0, SETTLE_LOOK_MS);
}

static void on_drain_limit(void *ctx)
{
    struct wr_runtime *rt = ctx;
    if (rt->state == DRAINING)
        wr_warn("drain limit reached", "ms=%lld", (long long)rt->config->drain_ms);
    wr_drained(rt);
}

static void on_end(void *ctx)
{
    struct wr_runtime *rt = ctx;
    if (rt->state != SERVING)
        return;
    rt->state = DRAINING;
    wr_info("draining", "worker=%d", rt->worker);
    wr_timer_start(rt->drain_limit, (uint64_t)rt->config->drain_ms, 0);
    if (rt->service->drain)
        rt->service->drain(rt->daemon);
    else
        wr_drained(rt);
}

/* ---- serving ---- */

static enum wr_err open_runtime(struct wr_runtime *rt)
{
    uint8_t id[8];
    wr_random(id, sizeof id);
    wr_hex(id, sizeof id, rt->id);
    enum wr_err err = wr_loop_open(&rt->loop);
    if (err)
        return err;
    rt->on_term = wr_signal_new(rt->loop, SIGTERM, on_end, rt);
    rt->on_int = wr_signal_new(rt->loop, SIGINT, on_end, rt);
    rt->drain_limit = wr_timer_new(rt->loop, on_drain_limit, rt);
    rt->settle = wr_timer_new(rt->loop, settle, rt);
    rt->routes = all_routes(rt->service->routes);
    err = wr_http_open(&rt->http, rt->loop,
                       &(struct wr_http_config){.listen = rt->config->listen,
                                                .public_url = rt->config->public_url,
                                                .allowed_origins = rt->config->allowed_origins,
                                                .routes = rt->routes,
                                                .socket_routes = rt->service->socket_routes});
    if (err)
        return err;
    err = rt->service->open(rt, rt->config, &rt->daemon);
    if (!err)
        wr_http_set_ctx(rt->http, rt->daemon);
    return err;
}

/* What a daemon does not link is not there: such functions are NULL. */
#pragma weak wr_kafka_version
#pragma weak wr_kafka_left_behind
#pragma weak wr_pg_version
#pragma weak wr_redis_version
#pragma weak wr_http_client_version

/* False: something was left behind. */
static bool close_runtime(struct wr_runtime *rt)
{
    wr_timer_free(rt->settle);
    wr_timer_free(rt->drain_limit);
    wr_http_close(rt->http);
    if (rt->daemon)
        rt->service->close(rt->daemon);
    sigset_t ends; /* a second one kills neither while closing nor afterwards */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    wr_signal_free(rt->on_term);
    wr_signal_free(rt->on_int);
    bool clean = wr_loop_close(rt->loop, CLOSE_MS);
    if (!clean)
        wr_warn("something was left open at the end", "");
    free(rt->routes);
    return clean && !(wr_kafka_left_behind && wr_kafka_left_behind());
}

static int serve(const struct wr_service *service, const struct wr_service_config *config, int worker)
{
    struct wr_runtime *rt = &runtime;
    *rt = (struct wr_runtime){.service = service, .config = config, .worker = worker};
    wr_metrics_worker(worker);
    enum wr_err err = open_runtime(rt);
    if (err) {
        wr_error("cannot start", "what=\"%s\"", wr_err_title(err));
        rt->daemon = NULL; /* a failed open() has closed what it opened */
    } else {
        rt->state = SERVING;
        wr_prefork_started();
        wr_info("serving", "listen=\"%s\" worker=%d id=%s version=" WR_VERSION, config->listen, worker,
                rt->id);
        wr_loop_run(rt->loop);
    }
    bool clean = close_runtime(rt);
    int status = err ? 1 : 0;
    if (!err)
        wr_info("ended", "worker=%d", worker);
    if (!clean) {
        fflush(NULL);
        _exit(status);
    }
    return status;
}

/* ---- start ---- */

static void print_version(const struct wr_service *service)
{
    const char *(*const versions[])(void) = {wr_loop_version,        wr_http_version,  wr_redis_version,
                                             wr_kafka_version,       wr_pg_version,    wr_json_version,
                                             wr_http_client_version, wr_crypto_version};
    printf("%s " WR_VERSION "\n", service->name);
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        if (versions[i])
            printf("  %s\n", versions[i]());
    }
}

static void print_with(void (*write)(const struct wr_service *, struct wr_buf *),
                       const struct wr_service *service)
{
    struct wr_buf text = {0};
    write(service, &text);
    fputs(text.at, stdout);
    wr_buf_free(&text);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        wr_warn("descriptor limit stays", "what=\"%m\"");
}

static int serve_all(const struct wr_service *service, const struct wr_service_config *config)
{
    int status = 0, worker = 0;
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    wr_metrics_open(service->metrics, service->metric_count, (int)config->workers);
    if (config->workers > 1)
        worker = wr_prefork((int)config->workers, config->drain_ms, &status);
    return worker < 0 ? status : serve(service, config, worker);
}

int wr_service_main(const struct wr_service *service, int argc, char **argv)
{
    struct wr_buf why = {0};
    enum wr_log_level level = WR_LOG_INFO;
    struct wr_service_config *config = wr_alloc(service->config_size);
    struct wr_invocation in = wr_options_read(service, argc, argv, config, &why);
    int status = 0;
    if (config->log_level)
        wr_log_level_parse(config->log_level, &level);
    wr_log_open(level, service->name);
    switch (in.kind) {
    case WR_INVOKED_HELP:
        print_with(wr_options_help, service);
        break;
    case WR_INVOKED_DESCRIBE:
        print_with(wr_options_describe, service);
        break;
    case WR_INVOKED_VERSION:
        print_version(service);
        break;
    case WR_INVOKED_WRONG:
        fprintf(stderr, "%s: %s\nSee %s --help.\n", service->name, why.at, service->name);
        status = 2;
        break;
    case WR_INVOKED_COMMAND:
        status = in.command->run(config, in.argc, in.argv);
        break;
    case WR_INVOKED_SERVE:
        status = serve_all(service, config);
        break;
    }
    wr_buf_free(&why);
    free(config);
    return status;
}
