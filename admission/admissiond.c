/* admissiond.c - opens and closes what lives as long as the process, and its three beats: the start of a sale
 * is looked for ten times a second, lines and stock four times, everything else once. */
#include "admissiond.h"
#include "change_log.h"
#include "file.h"
#include "log.h"
#include "phase.h"
#include <stdlib.h>
#include <string.h>

#define DATABASE_THREADS 3
#define DATABASE_QUEUE 512
#define KEYS_EVERY_TURNS 5
#define MERCHANT_KEY_MIN 16
#define MERCHANT_KEY_MAX 200

static void on_start_beat(void *ctx)
{
    struct admissiond *d = ctx;
    for (struct sale *sale = d->sales; sale; sale = sale->next)
        if (sale->line.phase == WR_PHASE_SCHEDULED)
            step_phase(sale);
}

static void on_step_beat(void *ctx)
{
    struct admissiond *d = ctx;
    for (struct sale *sale = d->sales; sale; sale = sale->next)
        if (!sale->gone) {
            step_line(sale);
            count_left(sale);
        }
}

static void on_second(void *ctx)
{
    struct admissiond *d = ctx;
    int64_t rebuilds = 0;
    load_sales(d);
    for (struct sale *sale = d->sales; sale; sale = sale->next) {
        rebuilds += sale->rebuild_needed && !sale->gone;
        if (sale->gone || !sale->line.there || sale->lost_at_ms)
            continue;
        merge_presence(sale);
        copy_spent(sale);
    }
    wr_metric_set(METRIC_REBUILDS, rebuilds);
    if (d->turns++ % KEYS_EVERY_TURNS == 0)
        wr_keyring_refresh(d->ring);
}

static void on_line_state(void *ctx, bool connected)
{
    struct admissiond *d = ctx;
    wr_info(connected ? "the line's Redis is there" : "the line's Redis is away", "run_id=%s",
            wr_redis_run_id(d->line));
    if (!connected)
        return;
    for (struct sale *sale = d->sales; sale; sale = sale->next) {
        if (sale->gone)
            continue;
        sale->line_at_ms = 0;
        step_line(sale);
    }
    load_sales(d);
}

static enum wr_err read_merchant_key(struct admissiond *d)
{
    enum wr_err err = wr_secret_file_read(&d->merchant_key, d->config->merchant_key_file);
    if (err == WR_OK && (d->merchant_key.len < MERCHANT_KEY_MIN || d->merchant_key.len > MERCHANT_KEY_MAX)) {
        wr_error("the merchant key has a wrong length", "file=\"%s\" least=%d most=%d",
                 d->config->merchant_key_file, MERCHANT_KEY_MIN, MERCHANT_KEY_MAX);
        err = WR_ERR_INVALID;
    }
    return err;
}

static enum wr_err open_parts(struct admissiond *d)
{
    const struct admissiond_config *config = d->config;
    enum wr_err err = read_merchant_key(d);
    if (err == WR_OK)
        err = wr_proxies_parse(&d->proxies, config->trusted_proxies);
    if (err == WR_OK)
        err = wr_keyring_open(&d->ring, config->token_keys, config->issuer, WR_KEYRING_VERIFY);
    if (err == WR_OK)
        err = wr_pg_open(&d->pg, d->loop, config->database, DATABASE_THREADS, DATABASE_QUEUE);
    if (err == WR_OK)
        err = wr_redis_open(
            &d->line, d->loop,
            &(struct wr_redis_config){.address = config->redis_line, .on_state = on_line_state, .ctx = d});
    if (err == WR_OK)
        err = wr_redis_open(&d->stock, d->loop, &(struct wr_redis_config){.address = config->redis_stock});
    return err;
}

enum wr_err admissiond_open(struct wr_runtime *rt, const void *config, void **daemon)
{
    struct admissiond *d = wr_alloc(sizeof *d);
    d->config = config;
    d->rt = rt;
    d->loop = wr_runtime_loop(rt);
    enum wr_err err = open_parts(d);
    if (err != WR_OK) {
        admissiond_close(d);
        return err;
    }
    d->changes = change_log_open(d);
    d->start_timer = wr_timer_new(d->loop, on_start_beat, d);
    d->step_timer = wr_timer_new(d->loop, on_step_beat, d);
    d->second_timer = wr_timer_new(d->loop, on_second, d);
    wr_timer_start(d->start_timer, 100, 100);
    wr_timer_start(d->step_timer, 250, 250);
    wr_timer_start(d->second_timer, 1, 1000);
    *daemon = d;
    return WR_OK;
}

bool admissiond_ready(void *daemon, const char **why)
{
    const struct admissiond *d = daemon;
    if (!wr_redis_connected(d->line))
        *why = "The line's Redis is away: nothing can be changed or verified";
    else if (!d->loaded && !d->sales)
        *why = "The sales are not known yet: neither PostgreSQL nor Redis has told them";
    else
        return true;
    return false;
}

void admissiond_drain(void *daemon)
{
    struct admissiond *d = daemon;
    change_log_when_empty(d->changes, wr_drained, d->rt);
}

bool admissiond_idle(void *daemon)
{
    const struct admissiond *d = daemon;
    return change_log_idle(d->changes);
}

void admissiond_close(void *daemon)
{
    struct admissiond *d = daemon;
    if (!d)
        return;
    wr_timer_free(d->start_timer);
    wr_timer_free(d->step_timer);
    wr_timer_free(d->second_timer);
    /* What PostgreSQL answered goes on to Redis. What the stock did not answer goes on to PostgreSQL, which takes
     * nothing any more, and to the line. What the line did not answer goes nowhere. */
    wr_pg_stop(d->pg);
    wr_redis_close(d->stock);
    wr_redis_close(d->line);
    wr_pg_close(d->pg);
    wr_keyring_close(d->ring);
    change_log_close(d->changes);
    while (d->sales) {
        struct sale *next = d->sales->next;
        sale_free(d->sales);
        d->sales = next;
    }
    wr_buf_free(&d->merchant_key);
    wr_proxies_free(d->proxies);
    free(d);
}

struct sale *admissiond_sale(const struct admissiond *d, const char *id)
{
    for (struct sale *sale = d->sales; sale; sale = sale->next)
        if (strcmp(sale->id, id) == 0)
            return sale;
    return NULL;
}
