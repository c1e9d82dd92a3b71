#include "durability.h"
#include <stdlib.h>
#include <string.h>

struct durability {
    struct wr_loop *loop;
    struct wr_redis *redis;
    bool known, replicas, fsynced;
    struct durability_item *gathering, **last; /* what the next WAIT answers for */
    struct durability_item *waiting;           /* what the one under way answers for */
    bool scheduled, freed;
};

static void on_replication(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void on_fsync(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void ask(void *ctx);
static void on_waited(void *ctx, enum wr_err err, const struct wr_reply *reply);

struct durability *durability_new(struct wr_loop *loop)
{
    struct durability *d = wr_alloc(sizeof *d);
    d->loop = loop;
    d->last = &d->gathering;
    return d;
}

static struct durability_item *take(struct durability *d)
{
    struct durability_item *items = d->gathering;
    d->gathering = NULL;
    d->last = &d->gathering;
    return items;
}

static void tell(struct durability_item *items, bool safe)
{
    for (struct durability_item *next, *item = items; item; item = next) {
        next = item->next;
        item->done(item->ctx, safe);
    }
}

void durability_use(struct durability *d, struct wr_redis *redis)
{
    d->redis = redis;
}

void durability_look(struct durability *d)
{
    wr_redis_commandv(d->redis, on_replication, d, "INFO", "replication", NULL);
    wr_redis_commandv(d->redis, on_fsync, d, "CONFIG", "GET", "*append*", NULL);
}

void durability_on_state(struct durability *d, bool connected)
{
    if (connected) {
        durability_look(d);
        return;
    }
    d->known = false;
    tell(take(d), false);
}

/* Unknown counts as: replicas to wait for, nothing fsynced. */
static void on_replication(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct durability *d = ctx;
    const char *count = err ? NULL : strstr(wr_reply_text(reply, NULL), "connected_slaves:");
    d->replicas = !count || atoi(count + strlen("connected_slaves:")) > 0;
}

static const char *setting(const struct wr_reply *pairs, const char *name)
{
    for (size_t i = 0; i + 1 < wr_reply_count(pairs); i += 2)
        if (strcmp(wr_reply_text(wr_reply_at(pairs, i), NULL), name) == 0)
            return wr_reply_text(wr_reply_at(pairs, i + 1), NULL);
    return "";
}

static bool is_set(const struct wr_reply *pairs, const char *name, const char *value)
{
    return strcmp(setting(pairs, name), value) == 0;
}

/* With no-appendfsync-on-rewrite Redis leaves the fsync out while it rewrites its file, whatever appendfsync says. */
static void on_fsync(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct durability *d = ctx;
    d->fsynced = !err && is_set(reply, "appendonly", "yes") && is_set(reply, "appendfsync", "always") &&
                 is_set(reply, "no-appendfsync-on-rewrite", "no");
    d->known = !err;
}

static void schedule(struct durability *d)
{
    if (d->scheduled || d->freed || d->waiting || !d->gathering)
        return;
    d->scheduled = true;
    wr_loop_defer(d->loop, ask, d);
}

void durability_confirm(struct durability *d, struct durability_item *item)
{
    item->next = NULL;
    *d->last = item;
    d->last = &item->next;
    schedule(d);
}

static void ask(void *ctx)
{
    struct durability *d = ctx;
    d->scheduled = false;
    if (d->freed) {
        free(d);
        return;
    }
    if (d->known && !d->replicas) {
        tell(take(d), d->fsynced);
        return;
    }
    d->waiting = take(d);
    wr_redis_commandv(d->redis, on_waited, d, "WAIT", "1", "50", NULL);
}

static void on_waited(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct durability *d = ctx;
    struct durability_item *items = d->waiting;
    d->waiting = NULL;
    tell(items, !err && wr_reply_int(reply) >= 1);
    schedule(d);
}

void durability_free(struct durability *d)
{
    if (!d)
        return;
    d->freed = true;
    tell(take(d), false);
    if (!d->scheduled)
        free(d);
}
