/* relay_outbox.c
 *
 *   every 250 ms, per sale:  read (relay.lua) --> which entry is the newest now?
 *                              |                  seen 2 s ago: that is how far the next round goes
 *                              |
 *                              with the lease, up to ROUND entries
 *                              v
 *                            publish (outbox.c) --all reported--> the next look reads on
 *
 * One round of a sale is under way at a time, so an outbox that Kafka does not take is held once more at
 * most, not once more at every look. A round goes through the whole outbox before the next begins from the
 * top: an entry that cannot be settled holds up no other.
 *
 * While the line is closed nobody can leave it, and entries stay that Kafka has: a round begins behind the last one that
 * Kafka took whole. They are not settled instead: their rows would stay for as long as an admission lasts, each order
 * count as inside and as sold, and the drip stand still at the end of a sale. */
#include "relay_outbox.h"
#include "checkout_metrics.h"
#include "log.h"
#include "lua_checkout.h"
#include "keyspace.h"
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 250
#define LIE_MS 2000
#define LEASE_MS 3000
#define ROUND 500

struct shard {
    struct relay *relay;
    char sale[WR_SALE_LEN + 1];
    char seen[OUTBOX_ID_MAX]; /* the newest entry when it was last noted, and when that was */
    uint64_t seen_at;
    char upto[OUTBOX_ID_MAX]; /* "": no round is going on */
    char from[OUTBOX_ID_MAX];
    char carried[OUTBOX_ID_MAX]; /* Kafka has all up to here; "": nothing is known */
    bool whole;                  /* this round: every entry was ours to publish, and Kafka took it */
    bool asking, reading; /* under way: a look, and one that asked for entries of the round */
    size_t publishing; /* entries of this round without a report */
    bool more;         /* ROUND entries came: the round is not at its end */
    int64_t length;
    struct shard *next;
};

struct relay {
    struct relay_config config;
    struct wr_timer *timer;
    struct shard *shards;
};

static void on_time(void *ctx);
static void visit(void *ctx, const struct wr_sale *sale);
static void look(struct shard *s);
static void on_read(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void publish(struct shard *s, const struct wr_reply *entry);
static void on_report(void *ctx, enum wr_err err);
static void end_part(struct shard *s);

struct relay *relay_new(const struct relay_config *config)
{
    struct relay *r = wr_alloc(sizeof *r);
    r->config = *config;
    r->timer = wr_timer_new(config->loop, on_time, r);
    wr_timer_start(r->timer, LOOK_MS, LOOK_MS);
    return r;
}

static void on_time(void *ctx)
{
    struct relay *r = ctx;
    int64_t length = 0;
    wr_sales_each(r->config.sales, visit, r);
    for (struct shard **at = &r->shards; *at;) {
        struct shard *s = *at;
        if (!s->asking && !s->publishing && !wr_sales_find(r->config.sales, s->sale)) {
            *at = s->next;
            free(s);
            continue;
        }
        length += s->length;
        look(s);
        at = &s->next;
    }
    wr_metric_set(METRIC_OUTBOX, length);
}

static void visit(void *ctx, const struct wr_sale *sale)
{
    struct relay *r = ctx;
    for (struct shard *s = r->shards; s; s = s->next)
        if (strcmp(s->sale, sale->id) == 0)
            return;
    struct shard *s = wr_alloc(sizeof *s);
    s->relay = r;
    wr_copy_text(s->sale, sizeof s->sale, sale->id, strlen(sale->id));
    s->next = r->shards;
    r->shards = s;
}

static void go_on_after(struct shard *s, const char *entry)
{
    s->from[0] = '(';
    wr_copy_text(s->from + 1, sizeof s->from - 1, entry, strlen(entry));
}

static void begin_round(struct shard *s)
{
    const struct wr_sale *sale = wr_sales_find(s->relay->config.sales, s->sale);
    memcpy(s->upto, s->seen, sizeof s->upto);
    *s->seen = 0;
    s->whole = true;
    if (sale && sale->closed && *s->carried)
        go_on_after(s, s->carried);
    else
        strcpy(s->from, "-");
}

static void look(struct shard *s)
{
    struct relay *r = s->relay;
    if (s->asking)
        return;
    uint64_t now = wr_loop_now_ms(r->config.loop);
    if (!*s->upto && *s->seen && now - s->seen_at >= LIE_MS)
        begin_round(s);
    s->reading = !s->publishing && *s->upto;
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_relay, s->sale);
    wr_arg_text(&args, r->config.me);
    wr_arg_int(&args, LEASE_MS);
    wr_arg_text(&args, *s->from ? s->from : "-");
    wr_arg_text(&args, s->reading ? s->upto : "");
    wr_arg_int(&args, ROUND);
    s->asking = true;
    wr_redis_eval(r->config.redis, &wr_lua_relay, &args, on_read, s);
    wr_args_free(&args);
}

static void on_read(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct shard *s = ctx;
    s->asking = false;
    if (err)
        return;
    s->length = wr_reply_int(wr_reply_at(reply, 1));
    size_t len, entries = wr_reply_count(reply) - 3;
    const char *newest = wr_reply_text(wr_reply_at(reply, 2), &len);
    if (!*s->seen || !len) {
        wr_copy_text(s->seen, sizeof s->seen, newest, len);
        s->seen_at = wr_loop_now_ms(s->relay->config.loop);
    }
    if (!s->reading)
        return;
    s->more = entries == ROUND;
    s->whole = s->whole && wr_reply_int(wr_reply_at(reply, 0)) == 1;
    for (size_t i = 0; i < entries; i++)
        publish(s, wr_reply_at(reply, 3 + i));
    if (!s->publishing)
        end_part(s);
}

static void publish(struct shard *s, const struct wr_reply *entry)
{
    struct outbox_entry e = {.sale = s->sale,
                             .id = wr_reply_text(wr_reply_at(entry, 0), NULL),
                             .order_id = wr_reply_text(wr_reply_at(entry, 1), NULL),
                             .reserved = strcmp(wr_reply_text(wr_reply_at(entry, 2), NULL), "reserved") == 0};
    e.event = wr_reply_text(wr_reply_at(entry, 3), &e.event_len);
    go_on_after(s, e.id);
    s->publishing++;
    outbox_publish(s->relay->config.outbox, &e, on_report, s);
}

static void on_report(void *ctx, enum wr_err err)
{
    struct shard *s = ctx;
    if (err)
        s->whole = false;
    else
        wr_metric_add(METRIC_RELAYED, 1);
    if (--s->publishing == 0)
        end_part(s);
}

static void end_part(struct shard *s)
{
    if (s->more)
        return;
    if (s->whole)
        memcpy(s->carried, s->upto, sizeof s->carried);
    *s->upto = 0;
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    wr_timer_free(r->timer);
    for (struct shard *next, *s = r->shards; s; s = next) {
        next = s->next;
        free(s);
    }
    free(r);
}
