/* redis_subscriber.c
 *
 * Redis confirms every SUBSCRIBE and UNSUBSCRIBE, one channel at a time, in the order they were sent: each
 * gets a serial number, and counting the confirmations says what is in force. `restored` is the serial up to
 * which the channels of the last connection stand again.
 *
 * A PING every half second proves that the connection lives; three unanswered ones end it. */
#include "clock.h"
#include "log.h"
#include "redis.h"
#include "redis_link.h"
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_MS 500
#define MISSED_MAX 3
#define CHANNELS_A_COMMAND 256

struct waiter {
    struct waiter *next;
    uint64_t serial;
    void (*done)(void *ctx);
    void *ctx;
    struct channel *channel; /* NULL: it ended, or it just runs */
};

struct channel {
    char *name;
    size_t count;
};

struct wr_subscriber {
    struct wr_subscriber_config config;
    struct wr_link link;
    struct wr_timer *heartbeat;
    bool delivering;
    int missed;     /* heartbeats sent since the last answer */
    void *channels; /* tsearch tree of struct channel by name */
    uint64_t sent, confirmed, restored;
    bool restoring;
    struct waiter *waiters; /* in no order; few at a time */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct channel *)a)->name, ((const struct channel *)b)->name);
}

static struct channel *find(const struct wr_subscriber *s, const char *name)
{
    struct channel key = {.name = (char *)(uintptr_t)name};
    void *const *node = tfind(&key, &s->channels, by_name);
    return node ? *node : NULL;
}

/* ---- sending ---- */
static bool open_now(const struct wr_subscriber *s)
{
    return s->link.wire.c != NULL;
}

static void send_about(struct wr_subscriber *s, const char *verb, const char *channel)
{
    if (!open_now(s))
        return; /* the next connection says it all */
    wr_link_send(&s->link, 2, (const char *[]){verb, channel});
    s->sent++;
}

struct batch {
    struct wr_subscriber *s;
    size_t count;
    const char *texts[CHANNELS_A_COMMAND + 1];
};

static void flush(struct batch *b)
{
    if (b->count > 1)
        wr_link_send(&b->s->link, b->count, b->texts);
    b->s->sent += b->count - 1;
    b->count = 1;
}

static void restore_channel(const void *node, VISIT which, void *ctx)
{
    if (which != postorder && which != leaf)
        return;
    struct batch *b = ctx;
    b->texts[b->count++] = (*(struct channel *const *)node)->name;
    if (b->count == CHANNELS_A_COMMAND + 1)
        flush(b);
}

/* ---- the connection ---- */
static void on_lost(void *ctx, const char *why)
{
    struct wr_subscriber *s = ctx;
    wr_timer_stop(s->heartbeat);
    wr_warn("redis subscriptions lost", "address=%s why=\"%s\"", s->link.address, why);
}

static void ping(struct wr_subscriber *s)
{
    wr_link_send(&s->link, 1, (const char *[]){"PING"});
    s->missed++;
}

static void on_heartbeat(void *ctx)
{
    struct wr_subscriber *s = ctx;
    if (s->missed >= MISSED_MAX)
        wr_link_lose(&s->link, "three heartbeats missed");
    else
        ping(s);
}

static void on_dialled(void *ctx, size_t greetings)
{
    struct wr_subscriber *s = ctx;
    (void)greetings; /* their answers are no confirmations */
    s->sent = s->confirmed = 0;
    struct batch batch = {.s = s, .count = 1, .texts = {"SUBSCRIBE"}};
    twalk_r(s->channels, restore_channel, &batch);
    flush(&batch);
    s->restored = s->sent;
    s->restoring = s->sent > 0;
    for (struct waiter *w = s->waiters; w; w = w->next)
        w->serial = s->restored;
    s->missed = 0;
    ping(s);
    wr_timer_start(s->heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
}

/* ---- what comes ---- */
static void run_waiters(struct wr_subscriber *s)
{
    for (struct waiter **at = &s->waiters; *at;) {
        struct waiter *w = *at;
        if (w->serial > s->confirmed) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        s->delivering = true;
        w->done(w->ctx);
        s->delivering = false;
        free(w);
        at = &s->waiters; /* it may have subscribed or unsubscribed */
    }
}

static void on_confirmed(struct wr_subscriber *s)
{
    s->confirmed++;
    run_waiters(s);
    if (!s->restoring || s->confirmed < s->restored)
        return;
    s->restoring = false;
    s->delivering = true;
    if (s->config.on_restored)
        s->config.on_restored(s->config.ctx);
    s->delivering = false;
}

static void on_message(struct wr_subscriber *s, const char *channel, const struct wr_reply *message)
{
    if (!find(s, channel))
        return; /* sent before our UNSUBSCRIBE got there */
    size_t len;
    const char *text = wr_reply_text(message, &len);
    s->delivering = true;
    s->config.on_message(s->config.ctx, channel, text, len);
    s->delivering = false;
}

static void on_reply(void *ctx, const struct wr_reply *reply)
{
    struct wr_subscriber *s = ctx;
    if (wr_reply_type(reply) == WR_REPLY_ERROR) {
        wr_warn("redis refused", "address=%s answer=\"%s\"", s->link.address, wr_reply_text(reply, NULL));
        wr_link_lose(&s->link, "refused");
        return;
    }
    const char *kind =
        wr_reply_count(reply) ? wr_reply_text(wr_reply_at(reply, 0), NULL) : wr_reply_text(reply, NULL);
    s->missed = 0;
    if (strcmp(kind, "message") == 0)
        on_message(s, wr_reply_text(wr_reply_at(reply, 1), NULL), wr_reply_at(reply, 2));
    else if (strcmp(kind, "subscribe") == 0 || strcmp(kind, "unsubscribe") == 0)
        on_confirmed(s);
    else
        wr_link_stands(&s->link); /* AUTH's OK or a PONG */
}

/* ---- the interface ---- */
enum wr_err wr_subscriber_open(struct wr_subscriber **out, struct wr_loop *loop,
                               const struct wr_subscriber_config *config)
{
    *out = NULL;
    struct wr_subscriber *s = wr_alloc(sizeof *s);
    struct wr_link_config link = {
        config->address, config->username, config->password, on_dialled, on_reply, on_lost, s};
    enum wr_err err = wr_link_open(&s->link, loop, &link);
    if (err) {
        free(s);
        return err;
    }
    s->config = *config;
    s->heartbeat = wr_timer_new(loop, on_heartbeat, s);
    *out = s;
    return WR_OK;
}

static void channel_free(void *node)
{
    struct channel *c = node;
    free(c->name);
    free(c);
}

void wr_subscriber_close(struct wr_subscriber *s)
{
    if (!s)
        return;
    if (s->delivering)
        abort(); /* from inside its own callback: the contract forbids it */
    wr_link_close(&s->link);
    wr_timer_free(s->heartbeat);
    tdestroy(s->channels, channel_free);
    for (struct waiter *w = s->waiters, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    free(s);
}

void wr_subscribe(struct wr_subscriber *s, const char *channel, void (*done)(void *ctx), void *ctx)
{
    struct channel *c = find(s, channel);
    if (!c) {
        c = wr_alloc(sizeof *c);
        c->name = wr_strdup(channel);
        if (!tsearch(c, &s->channels, by_name))
            abort(); /* out of memory */
    }
    c->count++;
    send_about(s, "SUBSCRIBE",
               channel); /* again does no harm, and its confirmation is what `done` waits for */
    if (!done)
        return;
    struct waiter *w = wr_alloc(sizeof *w);
    *w = (struct waiter){.next = s->waiters, .serial = s->sent, .done = done, .ctx = ctx, .channel = c};
    s->waiters = w;
}

void wr_unsubscribe(struct wr_subscriber *s, const char *channel)
{
    struct channel *c = find(s, channel);
    if (!c || --c->count)
        return;
    send_about(s, "UNSUBSCRIBE", channel);
    for (struct waiter **at = &s->waiters; *at;) {
        struct waiter *w = *at;
        if (w->channel != c) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        free(w);
    }
    tdelete(c, &s->channels, by_name);
    channel_free(c);
}
