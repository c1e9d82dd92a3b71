/* promise_entry.c
 *
 *   confirm (WAIT or fsync) --> publish (Kafka) --delivered--> done(OK)
 *                                  |
 *                                  no report by the deadline, or a bad one
 *                                  |--- confirmed: done(OK), the outbox holds it
 *                                  `--- not:       done(NO_ANSWER)
 *
 * A write that nothing confirmed is given Kafka longer to report: the answer is worse than the wait. */
#include "promise_entry.h"

#define SAFE_WAIT_MS 50
#define UNSAFE_WAIT_MS 400

static void on_confirmed(void *ctx, bool safe);
static void on_report(void *ctx, enum wr_err err);
static void on_deadline(void *ctx);
static void end(struct promise *p, enum wr_err err);

void promise_entry(struct promise *p, struct durability *d, struct outbox *outbox, struct wr_loop *loop)
{
    p->outbox = outbox;
    p->loop = loop;
    p->confirmed = (struct durability_item){.done = on_confirmed, .ctx = p};
    durability_confirm(d, &p->confirmed);
}

static void on_confirmed(void *ctx, bool safe)
{
    struct promise *p = ctx;
    p->safe = safe;
    p->publication = outbox_publish(p->outbox, &p->entry, on_report, p);
    p->deadline = wr_timer_new(p->loop, on_deadline, p);
    wr_timer_start(p->deadline, safe ? SAFE_WAIT_MS : UNSAFE_WAIT_MS, 0);
}

static void on_report(void *ctx, enum wr_err err)
{
    struct promise *p = ctx;
    if (err && p->safe)
        outbox_promised(p->publication);
    end(p, err && !p->safe ? WR_ERR_NO_ANSWER : WR_OK);
}

static void on_deadline(void *ctx)
{
    struct promise *p = ctx;
    outbox_forget(p->publication);
    if (p->safe)
        outbox_promised(p->publication);
    end(p, p->safe ? WR_OK : WR_ERR_NO_ANSWER);
}

static void end(struct promise *p, enum wr_err err)
{
    wr_timer_free(p->deadline);
    p->done(p->ctx, err);
}
