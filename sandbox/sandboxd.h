/* sandboxd.h - the sandbox payment provider: a foreign party shaped like Stripe, with books of its own
 * (tables sandbox.*). These are its long-lived parts, which every flow borrows. */
#ifndef SANDBOXD_H
#define SANDBOXD_H
#include "crypto.h"
#include "http_client.h"
#include "mem.h"
#include "pg.h"
#include "service.h"

struct sandbox_config {
    struct wr_service_config service;
    const char *database, *webhook_url, *payment_key_file, *webhook_secret_file;
};

struct sandboxd {
    struct wr_loop *loop;
    struct wr_pg *pg;
    struct wr_http_client *client;
    struct wr_hmac *webhook_secret;
    struct wr_buf key;
    char *base; /* public URL without a slash at its end */
    char *webhook_url;
    struct wr_timer *expiry, *delivery, *outcomes_due;
    bool expiring, claiming, noting; /* one such job at a time */
    bool more_events;                /* there was one while the last claim was under way, or no room for it */
    int delivering;                  /* webhooks under way or promised */
    struct delivery *answered;       /* whose outcome is to be written */
};

enum wr_err sandboxd_open(struct wr_runtime *rt, const void *config, void **daemon) WR_MUST_CHECK;
bool sandboxd_ready(void *daemon, const char **why);
void sandboxd_close(void *daemon);

extern const struct wr_route sandbox_routes[];

#endif
