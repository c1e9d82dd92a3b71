#include "clock.h"
#include "http_private.h"
#include "log.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_MS = 5000, BODY_MS = 10000, ANSWER_MS = 60000, PING_S = 25, SILENCE_S = 60 };

static void on_tick(void *ctx)
{
    struct wr_http *http = ctx;
    wr_wheel_turn(&http->wheel, wr_loop_now_ms(http->loop));
    if (http->wheel.count)
        return;
    wr_timer_stop(http->tick);
    http->ticking = false;
}

void wr_http_deadline(struct wr_http *http, struct wr_deadline *d, uint64_t delay_ms)
{
    uint64_t now = wr_loop_now_ms(http->loop);
    if (!http->ticking) {
        wr_wheel_turn(&http->wheel, now); /* empty: only brings it up to date */
        wr_timer_start(http->tick, WR_WHEEL_TICK_MS, WR_WHEEL_TICK_MS);
        http->ticking = true;
    }
    wr_wheel_set(&http->wheel, d, now, delay_ms);
}

uint64_t wr_http_spread(struct wr_http *http, uint64_t ms)
{
    http->jitter = http->jitter * 6364136223846793005u + 1442695040888963407u;
    return ms - (http->jitter >> 33) % (ms / 5 + 1);
}

const char *wr_http_date(struct wr_http *http)
{
    time_t now = (time_t)(wr_wall_ms() / 1000);
    if (now != http->date_s) {
        struct tm utc;
        gmtime_r(&now, &utc);
        strftime(http->date, sizeof http->date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        http->date_s = now;
    }
    return http->date;
}

static void set_defaults(struct wr_http_config *c)
{
    if (!c->header_deadline_ms)
        c->header_deadline_ms = HEADER_MS;
    if (!c->body_deadline_ms)
        c->body_deadline_ms = BODY_MS;
    if (!c->answer_deadline_ms)
        c->answer_deadline_ms = ANSWER_MS;
    if (!c->ping_s)
        c->ping_s = PING_S;
    if (!c->silence_s)
        c->silence_s = SILENCE_S;
}

enum wr_err wr_http_open(struct wr_http **out, struct wr_loop *loop, const struct wr_http_config *config)
{
    struct wr_http *http = wr_alloc(sizeof *http);
    http->loop = loop;
    http->config = *config;
    set_defaults(&http->config);
    http->secure = config->public_url && !strncasecmp(config->public_url, "https://", 8);
    http->jitter = wr_mono_us() ^ (uint64_t)getpid() << 32;
    wr_wheel_init(&http->wheel, wr_loop_now_ms(loop));
    http->tick = wr_timer_new(loop, on_tick, http);
    enum wr_err err = wr_origins_parse(&http->origins, config->public_url, config->allowed_origins);
    if (!err)
        err = wr_ws_open(http);
    if (!err)
        err = wr_listener_open(&http->listener, loop, config->listen, wr_conn_accept, wr_conn_evict_idle, http);
    if (err) {
        wr_http_close(http);
        return err;
    }
    *out = http;
    return WR_OK;
}

void wr_http_set_ctx(struct wr_http *http, void *ctx)
{
    http->config.ctx = ctx;
}

void wr_http_stop_accepting(struct wr_http *http)
{
    if (!http->listener)
        return;
    wr_listener_drain(http->listener);
    wr_listener_close(http->listener);
    http->listener = NULL;
    wr_conn_close_idle(http);
}

void wr_http_close(struct wr_http *http)
{
    if (!http)
        return;
    wr_listener_close(http->listener); /* a daemon that did not open has nothing to hand anybody to */
    http->listener = NULL;
    wr_conn_close_all(http);
    if (!wr_ws_close(http))
        return;
    wr_timer_free(http->tick);
    wr_origins_free(http->origins);
    free(http);
}

bool wr_http_secure(const struct wr_http *http)
{
    return http->secure;
}

int wr_http_port(const struct wr_http *http)
{
    return http->listener ? wr_listener_port(http->listener) : 0;
}

size_t wr_http_connections(const struct wr_http *http)
{
    return http->conn_count + http->socket_count;
}
