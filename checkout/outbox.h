/* outbox.h - an entry of the outbox on its way: to Kafka, then out of the line, then out of the outbox. */
#ifndef CHECKOUT_OUTBOX_H
#define CHECKOUT_OUTBOX_H
#include "batch.h"
#include "kafka.h"

#define OUTBOX_ID_MAX 48

struct outbox;
struct outbox_config {
    struct wr_loop *loop;
    struct wr_producer *producer;
    struct batch *finish, *settle;
    void (*on_idle)(void *ctx); /* nothing is under way any more */
    void *ctx;
};
struct outbox_entry { /* copied */
    const char *sale, *id, *order_id, *event;
    size_t event_len;
    bool reserved; /* kind: a reservation; otherwise a cancel */
};
struct publication;
/* `on_report` runs once, later, from the loop: WR_OK when Kafka has it; otherwise the entry stays where it is
 * and the relay carries it. The rest of the way is the outbox's own. */
struct publication *outbox_publish(struct outbox *o, const struct outbox_entry *entry,
                                   void (*on_report)(void *ctx, enum wr_err err), void *ctx);
void outbox_forget(struct publication *p); /* before its report: on_report will not run */
/* The shopper has its promise without Kafka's report, or inside on_report() with a bad one: it leaves the line now. */
void outbox_promised(struct publication *p);
size_t outbox_under_way(const struct outbox *o);

struct outbox *outbox_new(const struct outbox_config *config);
/* After its producer and its batches ended what was under way; takes NULL. */
void outbox_free(struct outbox *o);

/* settle and finish, as batches (batch.h) */
void outbox_write_finish(const struct batch_item *item, struct wr_args *args);
void outbox_write_settle(const struct batch_item *item, struct wr_args *args);

#endif
