/* promise_entry.h - may we promise what was just written to the outbox? */
#ifndef CHECKOUT_PROMISE_ENTRY_H
#define CHECKOUT_PROMISE_ENTRY_H
#include "durability.h"
#include "outbox.h"

struct promise {
    struct durability_item confirmed;
    struct wr_loop *loop;
    struct outbox *outbox;
    struct outbox_entry entry;
    struct publication *publication;
    struct wr_timer *deadline;
    bool safe;
    void (*done)(void *ctx, enum wr_err err);
    void *ctx;
};
/* `entry` and what it points at live until `done`, which runs once, later, from the loop: WR_OK, or
 * WR_ERR_NO_ANSWER when neither Kafka nor a second machine nor the disk is known to have it. The entry stays
 * in the outbox then. */
void promise_entry(struct promise *p, struct durability *d, struct outbox *outbox, struct wr_loop *loop);

#endif
