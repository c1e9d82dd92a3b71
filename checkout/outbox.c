/* outbox.c
 *
 *   publish (Kafka) --delivered--> finish (line) --> settle (outbox) --> free
 *      |    |                        |                  |
 *      |    |                        closed, no answer  no answer
 *      |    `--promised without it--> finish (line), and Kafka's report goes on from there
 *      not taken, refused, unknown
 *      v
 *   free: the entry stays in the outbox, and the relay begins again from the top
 *
 * Who holds a promise leaves the line, or while Kafka is away everyone would be counted twice, as inside and as sold.
 * Finish comes before settle: an entry that is gone was finished. Both may be done twice. */
#include "outbox.h"
#include "checkout_metrics.h"
#include "clock.h"
#include "keyspace.h"
#include "log.h"
#include "order_record.h"
#include <stdlib.h>
#include <string.h>

struct outbox {
    struct outbox_config config;
    size_t under_way;
};

struct publication {
    struct batch_item item; /* first: of finish, then of settle */
    struct outbox *outbox;
    void (*on_report)(void *ctx, enum wr_err err);
    void *ctx;
    char id[OUTBOX_ID_MAX];
    bool reserved;
    struct order_admission admission;
    enum wr_err refused; /* by the producer, when it took nothing */
    enum wr_err report;  /* Kafka's, once it has reported */
    bool reported, finishing, finished;
    uint64_t began_us;
};

static void on_refused(void *ctx);
static void on_delivered(void *ctx, enum wr_err err);
static void go_on(struct publication *p);
static void finish(struct publication *p);
static void on_finished(void *ctx, enum wr_err err, const struct wr_reply *row);
static void settle(struct publication *p);
static void on_settled(void *ctx, enum wr_err err, const struct wr_reply *row);
static void end(struct publication *p);

struct publication *outbox_publish(struct outbox *o, const struct outbox_entry *e,
                                   void (*on_report)(void *ctx, enum wr_err err), void *ctx)
{
    struct publication *p = wr_alloc(sizeof *p);
    *p = (struct publication){
        .outbox = o, .on_report = on_report, .ctx = ctx, .reserved = e->reserved, .began_us = wr_mono_us()};
    wr_copy_text(p->item.sale, sizeof p->item.sale, e->sale, strlen(e->sale));
    wr_copy_text(p->id, sizeof p->id, e->id, strlen(e->id));
    if (e->reserved && order_event_admission(e->event, e->event_len, &p->admission) != WR_OK) {
        wr_error("outbox entry names no admission", "sale=%s entry=%s order=%s", e->sale, e->id, e->order_id);
        p->reserved = false;
    }
    o->under_way++;
    p->refused = wr_producer_send(o->config.producer, WR_TOPIC_RESERVATIONS, e->order_id, e->event,
                                  e->event_len, on_delivered, p);
    if (p->refused)
        wr_loop_defer(o->config.loop, on_refused, p);
    return p;
}

void outbox_forget(struct publication *p)
{
    p->on_report = NULL;
}

void outbox_promised(struct publication *p)
{
    if (p->reserved && !p->finishing && !p->finished)
        finish(p);
}

static void on_refused(void *ctx)
{
    struct publication *p = ctx;
    on_delivered(p, p->refused);
}

static void on_delivered(void *ctx, enum wr_err err)
{
    struct publication *p = ctx;
    if (!err)
        wr_metric_observe_us(METRIC_KAFKA_REPORT, wr_mono_us() - p->began_us);
    p->reported = true;
    p->report = err;
    if (p->on_report)
        p->on_report(p->ctx, err);
    go_on(p);
}

/* After Kafka's report, and after finish when that was asked before it. */
static void go_on(struct publication *p)
{
    if (!p->reported || p->finishing)
        return;
    if (p->report)
        end(p);
    else if (p->reserved && !p->finished)
        finish(p);
    else
        settle(p);
}

static void finish(struct publication *p)
{
    p->finishing = true;
    p->item.done = on_finished;
    p->item.ctx = p;
    batch_add(p->outbox->config.finish, &p->item);
}

void outbox_write_finish(const struct batch_item *item, struct wr_args *args)
{
    const struct publication *p = (const struct publication *)item;
    wr_arg_int(args, p->admission.place);
    wr_arg_text(args, p->admission.jti);
}

static void on_finished(void *ctx, enum wr_err err, const struct wr_reply *row)
{
    (void)row;
    struct publication *p = ctx;
    p->finishing = false;
    p->finished = !err;
    if (err && p->reported)
        end(p);
    else
        go_on(p);
}

static void settle(struct publication *p)
{
    p->item.done = on_settled;
    p->item.ctx = p;
    batch_add(p->outbox->config.settle, &p->item);
}

void outbox_write_settle(const struct batch_item *item, struct wr_args *args)
{
    wr_arg_text(args, ((const struct publication *)item)->id);
}

static void on_settled(void *ctx, enum wr_err err, const struct wr_reply *row)
{
    (void)err;
    (void)row;
    end(ctx);
}

static void end(struct publication *p)
{
    struct outbox *o = p->outbox;
    free(p);
    if (--o->under_way == 0)
        o->config.on_idle(o->config.ctx);
}

size_t outbox_under_way(const struct outbox *o)
{
    return o->under_way;
}

struct outbox *outbox_new(const struct outbox_config *config)
{
    struct outbox *o = wr_alloc(sizeof *o);
    o->config = *config;
    return o;
}

void outbox_free(struct outbox *o)
{
    free(o);
}
