#include "sandboxd.h"
#include "deliver_webhooks.h"
#include "expire_sessions.h"
#include "file.h"
#include "log.h"
#include <stdlib.h>
#include <string.h>

enum { PG_THREADS = 4, PG_QUEUE_MAX = 2000 };

static enum wr_err read_secrets(struct sandboxd *d, const struct sandbox_config *c)
{
    struct wr_buf secret = {0};
    enum wr_err err = wr_secret_file_read(&d->key, c->payment_key_file);
    if (!err)
        err = wr_secret_file_read(&secret, c->webhook_secret_file);
    if (!err)
        d->webhook_secret = wr_hmac_new(secret.at, secret.len);
    if (secret.at)
        explicit_bzero(secret.at, secret.len);
    wr_buf_free(&secret);
    return err;
}

enum wr_err sandboxd_open(struct wr_runtime *rt, const void *config, void **daemon)
{
    const struct sandbox_config *c = config;
    struct sandboxd *d = wr_alloc(sizeof *d);
    d->loop = wr_runtime_loop(rt);
    d->webhook_url = wr_strdup(c->webhook_url);
    size_t len = strlen(c->service.public_url);
    while (len && c->service.public_url[len - 1] == '/')
        len--;
    d->base = wr_dup(c->service.public_url, len);
    enum wr_err err = read_secrets(d, c);
    if (!err)
        err = wr_pg_open(&d->pg, d->loop, c->database, PG_THREADS, PG_QUEUE_MAX);
    if (!err)
        err = wr_http_client_open(&d->client, d->loop, WEBHOOKS_IN_FLIGHT_MAX);
    if (err) {
        wr_error("cannot open", "err=%s", wr_err_slug(err));
        sandboxd_close(d);
        return err;
    }
    expire_sessions_start(d);
    deliver_webhooks_start(d);
    *daemon = d;
    return WR_OK;
}

bool sandboxd_ready(void *daemon, const char **why)
{
    struct sandboxd *d = daemon;
    *why = "PostgreSQL is not connected";
    return wr_pg_connected(d->pg);
}

void sandboxd_close(void *daemon)
{
    struct sandboxd *d = daemon;
    wr_timer_free(d->expiry);
    wr_timer_free(d->delivery);
    wr_timer_free(d->outcomes_due);
    d->expiry = d->delivery = d->outcomes_due = NULL;
    wr_http_client_close(d->client); /* first: how a delivery ended is written to the database */
    d->client = NULL;
    wr_pg_close(d->pg);
    deliver_webhooks_forget(d);
    wr_hmac_free(d->webhook_secret);
    wr_buf_free(&d->key);
    free(d->base);
    free(d->webhook_url);
    free(d);
}
