#include "redis_link.h"
#include "backoff.h"
#include "crypto.h"
#include "mem.h"
#include <stdlib.h>
#include <string.h>

enum {
    BACKOFF_LEAST_MS = 50,
    BACKOFF_MOST_MS = 1000,
    TEXTS_MAX = 257, /* of a command of texts */
};

void wr_link_send(struct wr_link *l, size_t count, const char *const *texts)
{
    size_t lens[TEXTS_MAX];
    if (count > TEXTS_MAX)
        abort();
    for (size_t i = 0; i < count; i++)
        lens[i] = strlen(texts[i]);
    wr_wire_send(&l->wire, count, texts, lens);
}

static size_t authenticate(struct wr_link *l)
{
    if (l->username)
        wr_link_send(l, 3, (const char *[]){"AUTH", l->username, l->password ? l->password : ""});
    else if (l->password)
        wr_link_send(l, 2, (const char *[]){"AUTH", l->password});
    return l->username || l->password ? 1 : 0;
}

static void dial(void *ctx)
{
    struct wr_link *l = ctx;
    if (wr_wire_open(&l->wire, &l->where))
        l->config.on_dialled(l->config.ctx, authenticate(l));
    else
        wr_link_lose(l, "cannot connect");
}

void wr_link_lose(struct wr_link *l, const char *why)
{
    uint32_t random;
    wr_random(&random, sizeof random);
    wr_wire_close(&l->wire);
    l->failures++;
    wr_timer_start(l->redial, wr_backoff_ms(l->failures, BACKOFF_LEAST_MS, BACKOFF_MOST_MS, random), 0);
    l->config.on_lost(l->config.ctx, why);
}

void wr_link_stands(struct wr_link *l)
{
    l->failures = 0;
}

static void on_wire_lost(void *ctx, const char *why)
{
    wr_link_lose(ctx, why);
}

static void on_reply(void *ctx, const struct wr_reply *reply)
{
    struct wr_link *l = ctx;
    l->config.on_reply(l->config.ctx, reply);
}

enum wr_err wr_link_open(struct wr_link *l, struct wr_loop *loop, const struct wr_link_config *config)
{
    struct wr_wire_address where;
    enum wr_err err = wr_wire_address_parse(&where, config->address);
    if (err)
        return err;
    *l = (struct wr_link){.where = where, .config = *config};
    l->wire = (struct wr_wire){.loop = loop, .on_reply = on_reply, .on_lost = on_wire_lost, .ctx = l};
    l->address = wr_strdup(config->address);
    l->username = config->username ? wr_strdup(config->username) : NULL;
    l->password = config->password ? wr_strdup(config->password) : NULL;
    l->redial = wr_timer_new(loop, dial, l);
    wr_timer_start(l->redial, 0, 0);
    return WR_OK;
}

void wr_link_close(struct wr_link *l)
{
    wr_wire_close(&l->wire);
    wr_timer_free(l->redial);
    free(l->address);
    free(l->username);
    free(l->password);
}
