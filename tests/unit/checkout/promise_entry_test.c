/* promise_entry.c with the two it asks - durability and the outbox - replaced at link time. */
#include "test.h"
#include "promise_entry.h"

static struct wr_loop *loop;
static struct durability_item *asked;
static void (*on_report)(void *ctx, enum wr_err err);
static void *report_ctx;
static int published, forgotten, left, done;
static enum wr_err result;

void durability_confirm(struct durability *d, struct durability_item *item)
{
    (void)d;
    asked = item;
}

struct publication *outbox_publish(struct outbox *o, const struct outbox_entry *entry,
                                   void (*report)(void *ctx, enum wr_err err), void *ctx)
{
    (void)o;
    assert_string_equal(entry->order_id, "an-order");
    published++;
    on_report = report;
    report_ctx = ctx;
    return NULL;
}

void outbox_forget(struct publication *p)
{
    (void)p;
    forgotten++;
}

void outbox_promised(struct publication *p)
{
    (void)p;
    left++;
}

static void on_done(void *ctx, enum wr_err err)
{
    (void)ctx;
    done++;
    result = err;
    wr_loop_stop(loop);
}

static void on_too_long(void *ctx)
{
    (void)ctx;
    fail_msg("no answer within 5 s");
}

static void promise(struct promise *p)
{
    asked = NULL;
    published = forgotten = left = done = 0;
    *p = (struct promise){.entry = {.order_id = "an-order"}, .done = on_done};
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    promise_entry(p, NULL, NULL, loop);
    assert_int_equal(published, 0); /* first it is known what the write is worth */
}

static void end(void)
{
    assert_true(wr_loop_close(loop, 1000));
}

static enum wr_err promised(bool safe, enum wr_err report)
{
    struct promise p;
    promise(&p);
    asked->done(asked->ctx, safe);
    assert_int_equal(published, 1);
    assert_int_equal(done, 0);
    on_report(report_ctx, report);
    assert_int_equal(done, 1);
    assert_int_equal(forgotten, 0);
    assert_int_equal(left, safe && report); /* what Kafka has leaves the line by itself */
    end();
    return result;
}

TEST(what_kafka_has_is_promised)
{
    assert_int_equal(promised(true, WR_OK), WR_OK);
    assert_int_equal(promised(false, WR_OK), WR_OK);
}

TEST(what_kafka_refuses_is_promised_only_when_it_is_safe_where_it_lies)
{
    assert_int_equal(promised(true, WR_ERR_NO_ANSWER), WR_OK);
    assert_int_equal(promised(true, WR_ERR_BACKEND), WR_OK);
    assert_int_equal(promised(false, WR_ERR_NO_ANSWER), WR_ERR_NO_ANSWER);
    assert_int_equal(promised(false, WR_ERR_BACKEND), WR_ERR_NO_ANSWER);
}

static enum wr_err unreported(bool safe)
{
    struct promise p;
    promise(&p);
    asked->done(asked->ctx, safe);
    struct wr_timer *limit = wr_timer_new(loop, on_too_long, NULL);
    wr_timer_start(limit, 5000, 0);
    wr_loop_run(loop);
    wr_timer_free(limit);
    assert_int_equal(done, 1);
    assert_int_equal(forgotten, 1); /* a late report finds nobody */
    assert_int_equal(left, safe);   /* who was promised nothing stays inside */
    end();
    return result;
}

TEST(without_a_report_it_is_promised_only_when_it_is_safe)
{
    assert_int_equal(unreported(true), WR_OK);
    assert_int_equal(unreported(false), WR_ERR_NO_ANSWER);
}
