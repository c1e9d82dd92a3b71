/* deliver_webhooks.c
 *
 *   due events --claim (a lease of 8 s)--+--> POST, signed --2xx--> delivered
 *   events of this process, born claimed-+        '--anything else--> put back, due after a pause that grows
 *
 * Outcomes are written together, NOTING_MS after the first. An event whose outcome could not be written comes again when
 * its lease is over: the shop ignores duplicates. */
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

enum {
    PERIOD_MS = 250,
    NOTING_MS = 25,
    LEASE_MS = 8000,
    DEADLINE_MS = 5000,
    RETRY_LEAST_MS = 200,
    RETRY_MOST_MS = 15000
};

struct delivery {          /* one event under way */
    struct delivery *next; /* of those answered */
    struct sandboxd *d;
    char id[64];
    char *payload;
    int attempts;
    bool delivered;
};
struct outcomes {
    struct sandboxd *d;
    struct delivery *answered;
};
struct claim {
    struct sandboxd *d;
    int room, count;
    struct delivery *events[WEBHOOKS_IN_FLIGHT_MAX];
};

static void on_due(void *ctx);
static enum wr_err claim_work(struct wr_pg_conn *c, void *op);
static void on_claimed(void *op, enum wr_err err);
static void give_room(struct sandboxd *d);
static void deliver(struct delivery *e);
static void on_answered(void *ctx, enum wr_err err, int status, const char *body, size_t len);
static void on_noting(void *ctx);
static enum wr_err note_work(struct wr_pg_conn *c, void *op);
static void on_noted(void *op, enum wr_err err);
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
    d->outcomes_due = wr_timer_new(d->loop, on_noting, d);
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
    if (d->claiming)
        return;
    if (room <= 0) {
        d->more_events = true; /* looked for when something has been delivered */
        return;
    }
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
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_claim_events, 2,
                                  (const char *const[]){WR_PG_INT(claim->room), WR_PG_INT(LEASE_MS)}, &rows);
    if (err)
        return err;
    for (size_t i = 0; i < wr_rows_count(rows); i++) {
        struct delivery *e = wr_alloc(sizeof *e);
        e->d = claim->d;
        e->attempts = (int)wr_rows_int(rows, i, "attempts");
        e->payload = wr_strdup(wr_rows_text(rows, i, "payload"));
        wr_rows_copy(rows, i, "id", e->id, sizeof e->id);
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
    d->delivering += claim->count;
    for (int i = 0; i < claim->count; i++)
        deliver(claim->events[i]);
    if (claim->count == claim->room || d->more_events)
        deliver_webhooks_soon(d);
    free(claim);
}

int64_t deliver_webhook_promise(struct sandboxd *d)
{
    if (d->delivering >= WEBHOOKS_IN_FLIGHT_MAX)
        return 0;
    d->delivering++;
    return LEASE_MS;
}

void deliver_webhook(struct sandboxd *d, const char *id, char *payload)
{
    if (!payload) {
        give_room(d);
        return;
    }
    struct delivery *e = wr_alloc(sizeof *e);
    *e = (struct delivery){.d = d, .payload = payload, .attempts = 1};
    snprintf(e->id, sizeof e->id, "%s", id);
    deliver(e);
}

static void give_room(struct sandboxd *d)
{
    d->delivering--;
    if (d->more_events && !d->claiming)
        deliver_webhooks_soon(d);
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
    if (wr_http_client_call(d->client, &call, on_answered, e) != WR_OK)
        on_answered(e, WR_ERR_BUSY, 0, "", 0);
}

static void on_answered(void *ctx, enum wr_err err, int status, const char *body, size_t len)
{
    struct delivery *e = ctx;
    struct sandboxd *d = e->d;
    (void)body;
    (void)len;
    e->delivered = !err && status / 100 == 2;
    wr_metric_add(e->delivered ? METRIC_DELIVERED : METRIC_NOT_DELIVERED, 1);
    if (!e->delivered)
        wr_info("webhook not delivered", "event=%s attempt=%d err=%s status=%d", e->id, e->attempts,
                wr_err_slug(err), status);
    if (!d->answered && !d->noting && d->outcomes_due)
        wr_timer_start(d->outcomes_due, NOTING_MS, 0);
    e->next = d->answered;
    d->answered = e;
    give_room(d);
}

static void on_noting(void *ctx)
{
    struct sandboxd *d = ctx;
    struct outcomes *o = wr_alloc(sizeof *o);
    *o = (struct outcomes){.d = d, .answered = d->answered};
    d->answered = NULL;
    d->noting = wr_pg_submit(d->pg, note_work, on_noted, o) == WR_OK;
    if (!d->noting)
        on_noted(o, WR_ERR_BUSY);
}

static enum wr_err note_work(struct wr_pg_conn *c, void *op)
{
    const struct outcomes *o = op;
    struct wr_buf delivered = {0}, again = {0}, pauses = {0};
    for (const struct delivery *e = o->answered; e; e = e->next) {
        uint32_t random;
        wr_random(&random, sizeof random);
        wr_pg_array_add(e->delivered ? &delivered : &again, e->id);
        if (!e->delivered)
            wr_pg_array_int(&pauses,
                            (int64_t)wr_backoff_ms(e->attempts, RETRY_LEAST_MS, RETRY_MOST_MS, random));
    }
    bool any_delivered = delivered.len, any_again = again.len;
    wr_pg_array_end(&delivered);
    wr_pg_array_end(&again);
    wr_pg_array_end(&pauses);
    enum wr_err err =
        any_delivered ? wr_pg_query(c, &wr_sql_mark_delivered, 1, (const char *const[]){delivered.at}, NULL)
                      : WR_OK;
    if (!err && any_again)
        err = wr_pg_query(c, &wr_sql_put_back_events, 2, (const char *const[]){again.at, pauses.at}, NULL);
    wr_buf_free(&delivered);
    wr_buf_free(&again);
    wr_buf_free(&pauses);
    return err;
}

static void finish_all(struct delivery *e)
{
    while (e) {
        struct delivery *next = e->next;
        finish(e);
        e = next;
    }
}

static void on_noted(void *op, enum wr_err err)
{
    struct outcomes *o = op;
    struct sandboxd *d = o->d;
    (void)err; /* not written: the leases end and they come again */
    finish_all(o->answered);
    free(o);
    d->noting = false;
    if (d->answered && d->outcomes_due)
        wr_timer_start(d->outcomes_due, NOTING_MS, 0);
}

void deliver_webhooks_forget(struct sandboxd *d)
{
    finish_all(d->answered);
    d->answered = NULL;
}

static void finish(struct delivery *e)
{
    free(e->payload);
    free(e);
}
