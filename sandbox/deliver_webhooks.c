/* deliver_webhooks.c
 *
 *   due events --claim (a lease of 8 s)--> POST, signed --2xx--> delivered
 *                                             '--anything else--> put back, due after a pause that grows
 *
 * An event whose outcome could not be written comes again when its lease is over: the shop ignores duplicates. */
#include "deliver_webhooks.h"
#include "backoff.h"
#include "clock.h"
#include "log.h"
#include "sandbox_metrics.h"
#include "sql_sandbox.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERIOD_MS = 250, LEASE_MS = 8000, DEADLINE_MS = 5000, RETRY_LEAST_MS = 200, RETRY_MOST_MS = 15000 };

struct delivery { /* one event under way */
    struct sandboxd *d;
    char id[64];
    char *payload;
    int attempts;
    bool delivered;
};
struct claim {
    struct sandboxd *d;
    int room, count;
    struct delivery *events[WEBHOOKS_IN_FLIGHT_MAX];
};

static void on_due(void *ctx);
static enum wr_err claim_work(struct wr_pg_conn *c, void *op);
static void on_claimed(void *op, enum wr_err err);
static void deliver(struct delivery *e);
static void on_answered(void *ctx, enum wr_err err, int status, const char *body, size_t len);
static enum wr_err record_work(struct wr_pg_conn *c, void *op);
static void finish(struct delivery *e);

void webhook_sign(struct wr_hmac *secret, int64_t now_s, const char *payload, char out[100])
{
    struct wr_buf text = {0};
    uint8_t mac[32];
    char hex[65];
    wr_buf_printf(&text, "%" PRId64 ".%s", now_s, payload);
    wr_hmac_sign(secret, text.at, text.len, mac);
    wr_hex(mac, sizeof mac, hex);
    snprintf(out, 100, "t=%" PRId64 ",v1=%s", now_s, hex);
    wr_buf_free(&text);
}

void deliver_webhooks_start(struct sandboxd *d)
{
    d->delivery = wr_timer_new(d->loop, on_due, d);
    wr_timer_start(d->delivery, 0, PERIOD_MS);
}

void deliver_webhooks_soon(struct sandboxd *d)
{
    if (d->claiming)
        d->more_events = true; /* it may have looked already */
    else if (d->delivery)
        wr_timer_start(d->delivery, 0, PERIOD_MS);
}

static void on_due(void *ctx)
{
    struct sandboxd *d = ctx;
    int room = WEBHOOKS_IN_FLIGHT_MAX - d->delivering;
    if (d->claiming || room <= 0)
        return;
    struct claim *claim = wr_alloc(sizeof *claim);
    claim->d = d;
    claim->room = room;
    d->more_events = false;
    d->claiming = wr_pg_submit(d->pg, claim_work, on_claimed, claim) == WR_OK;
    if (!d->claiming)
        free(claim);
}

static enum wr_err claim_work(struct wr_pg_conn *c, void *op)
{
    struct claim *claim = op;
    char room[16], lease[16];
    struct wr_rows *rows;
    snprintf(room, sizeof room, "%d", claim->room);
    snprintf(lease, sizeof lease, "%d", LEASE_MS);
    enum wr_err err = wr_pg_query(c, &wr_sql_claim_events, 2, (const char *const[]){room, lease}, &rows);
    if (err)
        return err;
    for (size_t i = 0; i < wr_rows_count(rows); i++) {
        struct delivery *e = wr_alloc(sizeof *e);
        e->d = claim->d;
        e->attempts = (int)wr_rows_int(rows, i, "attempts");
        e->payload = wr_strdup(wr_rows_text(rows, i, "payload"));
        snprintf(e->id, sizeof e->id, "%s", wr_rows_text(rows, i, "id"));
        claim->events[claim->count++] = e;
    }
    wr_rows_free(rows);
    return WR_OK;
}

static void on_claimed(void *op, enum wr_err err)
{
    struct claim *claim = op;
    struct sandboxd *d = claim->d;
    (void)err; /* then there are none; the lease of what a lost answer claimed ends by itself */
    d->claiming = false;
    for (int i = 0; i < claim->count; i++)
        deliver(claim->events[i]);
    if (claim->count == claim->room || d->more_events)
        deliver_webhooks_soon(d);
    free(claim);
}

static void deliver(struct delivery *e)
{
    struct sandboxd *d = e->d;
    char signature[100], header[140];
    if (!d->client) { /* closing */
        finish(e);
        return;
    }
    webhook_sign(d->webhook_secret, wr_wall_ms() / 1000, e->payload, signature);
    snprintf(header, sizeof header, "Stripe-Signature: %s", signature);
    const struct wr_http_call call = {
        .method = "POST",
        .url = d->webhook_url,
        .headers = {"Content-Type: application/json", header},
        .body = e->payload,
        .len = strlen(e->payload),
        .deadline_ms = DEADLINE_MS,
    };
    d->delivering++;
    if (wr_http_client_call(d->client, &call, on_answered, e) != WR_OK)
        on_answered(e, WR_ERR_BUSY, 0, "", 0);
}

static void on_recorded(void *op, enum wr_err err)
{
    (void)err; /* not written: the lease ends and it comes again */
    finish(op);
}

static void on_answered(void *ctx, enum wr_err err, int status, const char *body, size_t len)
{
    struct delivery *e = ctx;
    struct sandboxd *d = e->d;
    (void)body;
    (void)len;
    d->delivering--;
    e->delivered = !err && status / 100 == 2;
    wr_metric_add(e->delivered ? METRIC_DELIVERED : METRIC_NOT_DELIVERED, 1);
    if (!e->delivered)
        wr_info("webhook not delivered", "event=%s attempt=%d err=%s status=%d", e->id, e->attempts, wr_err_slug(err), status);
    if (wr_pg_submit(d->pg, record_work, on_recorded, e) != WR_OK)
        finish(e);
}

static enum wr_err record_work(struct wr_pg_conn *c, void *op)
{
    struct delivery *e = op;
    char pause[24];
    uint32_t random;
    if (e->delivered)
        return wr_pg_query(c, &wr_sql_mark_delivered, 1, (const char *const[]){e->id}, NULL);
    wr_random(&random, sizeof random);
    snprintf(pause, sizeof pause, "%" PRIu64, wr_backoff_ms(e->attempts, RETRY_LEAST_MS, RETRY_MOST_MS, random));
    return wr_pg_query(c, &wr_sql_put_back_event, 2, (const char *const[]){e->id, pause}, NULL);
}

static void finish(struct delivery *e)
{
    free(e->payload);
    free(e);
}
