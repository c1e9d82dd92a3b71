#include "batch.h"
#include "keyspace.h"
#include "log.h"
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX                                                                                            \
    64 /* of one call: the longest that others wait for it in Redis is a fraction of a millisecond */
#define CALLS_MAX 2

struct batch {
    struct batch_config config;
    struct wr_args args;
    struct batch_item *first, **last;
    int calls;
    bool scheduled, freed;
};

struct call {
    struct batch *batch;
    struct batch_item *items;
};

static void flush(void *ctx);
static void send_call(struct batch *b, struct batch_item *items);
static void on_reply(void *ctx, enum wr_err err, const struct wr_reply *reply);

struct batch *batch_new(const struct batch_config *config)
{
    struct batch *b = wr_alloc(sizeof *b);
    b->config = *config;
    b->last = &b->first;
    return b;
}

static void schedule(struct batch *b)
{
    if (b->scheduled || b->freed || !b->first || b->calls >= CALLS_MAX)
        return;
    b->scheduled = true;
    wr_loop_defer(b->config.loop, flush, b);
}

void batch_add(struct batch *b, struct batch_item *item)
{
    item->next = NULL;
    *b->last = item;
    b->last = &item->next;
    schedule(b);
}

/* Takes up to ITEMS_MAX items of the first one's sale and lane out of the queue; the others keep their order.
 */
static struct batch_item *take(struct batch *b)
{
    struct batch_item *taken = NULL, **taken_last = &taken, **at = &b->first;
    for (size_t count = 0; *at && count < ITEMS_MAX;) {
        struct batch_item *item = *at;
        if (taken && (item->lane != taken->lane || strcmp(item->sale, taken->sale) != 0)) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        item->next = NULL;
        *taken_last = item;
        taken_last = &item->next;
        count++;
    }
    while (*at)
        at = &(*at)->next;
    b->last = at;
    return taken;
}

static void flush(void *ctx)
{
    struct batch *b = ctx;
    b->scheduled = false;
    if (b->freed) {
        free(b);
        return;
    }
    while (b->first && b->calls < CALLS_MAX)
        send_call(b, take(b));
}

static void tell(struct batch_item *items, enum wr_err err, const struct wr_reply *rows)
{
    size_t i = 0;
    for (struct batch_item *next, *item = items; item; item = next) {
        next = item->next;
        item->done(item->ctx, err, rows ? wr_reply_at(rows, i++) : NULL);
    }
}

static enum wr_err open_call(struct batch *b, const struct batch_item *first)
{
    const struct wr_sale *sale = wr_sales_find(b->config.sales, first->sale);
    if (!sale)
        return WR_ERR_CLOSED;
    wr_args_clear(&b->args);
    wr_key_script_of_run(&b->args, b->config.script, sale->id, sale->run, first->lane);
    return b->config.open ? b->config.open(sale, &b->args) : WR_OK;
}

static void send_call(struct batch *b, struct batch_item *items)
{
    enum wr_err err = open_call(b, items);
    if (err) {
        tell(items, err, NULL);
        return;
    }
    for (struct batch_item *item = items; item; item = item->next)
        b->config.write(item, &b->args);
    struct call *call = wr_alloc(sizeof *call);
    *call = (struct call){.batch = b, .items = items};
    b->calls++;
    wr_redis_eval(b->config.redis, b->config.script, &b->args, on_reply, call);
}

static bool is_closed(const struct wr_reply *reply)
{
    return wr_reply_count(reply) == 1 && strcmp(wr_reply_text(wr_reply_at(reply, 0), NULL), "closed") == 0;
}

static void on_reply(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct call *call = ctx;
    struct batch *b = call->batch;
    if (err == WR_ERR_BACKEND && reply)
        wr_error("script refused", "script=%s what=\"%s\"", b->config.script->name,
                 wr_reply_text(reply, NULL));
    if (!err && is_closed(reply))
        err = WR_ERR_CLOSED;
    b->calls--;
    tell(call->items, err, !err && b->config.rows ? reply : NULL);
    free(call);
    schedule(b);
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    b->freed = true;
    while (b->first)
        tell(take(b), WR_ERR_BACKEND, NULL);
    wr_args_free(&b->args);
    if (!b->scheduled)
        free(b);
}
