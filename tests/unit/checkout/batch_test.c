/* batch.c with Redis and the sales replaced at link time: what is asked in which call, and who is told what.
 */
#define WR_TEST_SETUP start
#define WR_TEST_TEARDOWN finish
#include "test.h"
#include "batch.h"
#include <stdlib.h>

struct wr_reply {
    const char *text;
    struct wr_reply *rows;
    size_t count;
};
static struct call {
    char items[2000];
    wr_redis_cb *cb;
    void *ctx;
} calls[16];
static size_t call_count;
static char written[2000], told[4000];
static struct wr_loop *loop;
static struct batch *batch;
static struct wr_sale sale;

void wr_redis_eval(struct wr_redis *r, const struct wr_script *script, const struct wr_args *args,
                   wr_redis_cb *cb, void *ctx)
{
    (void)r, (void)script, (void)args;
    struct call *c = &calls[call_count++];
    *c = (struct call){.cb = cb, .ctx = ctx};
    strcpy(c->items, written);
}
void wr_args_clear(struct wr_args *a)
{
    (void)a;
    *written = 0;
}
void wr_args_free(struct wr_args *a)
{
    (void)a;
}
size_t wr_reply_count(const struct wr_reply *reply)
{
    return reply ? reply->count : 0;
}
const struct wr_reply *wr_reply_at(const struct wr_reply *reply, size_t i)
{
    return i < wr_reply_count(reply) ? &reply->rows[i] : NULL;
}
const char *wr_reply_text(const struct wr_reply *reply, size_t *len)
{
    const char *text = reply && reply->text ? reply->text : "";
    if (len)
        *len = strlen(text);
    return text;
}
const struct wr_sale *wr_sales_find(const struct wr_sales *sales, const char *id)
{
    (void)sales;
    strcpy(sale.id, id);
    return strcmp(id, "gone") == 0 ? NULL : &sale;
}

void wr_key_script_of_run(struct wr_args *args, const struct wr_script *script, const char *sale_id,
                          int64_t run, int lane)
{
    (void)args, (void)script, (void)run;
    snprintf(written, sizeof written, "%s/%d:", sale_id, lane);
}

static enum wr_err open_call(const struct wr_sale *s, struct wr_args *args)
{
    (void)args;
    return strcmp(s->id, "shut") == 0 ? WR_ERR_CLOSED : WR_OK;
}

static void write_item(const struct batch_item *item, struct wr_args *args)
{
    (void)args;
    snprintf(written + strlen(written), sizeof written - strlen(written), " %s", (const char *)item->ctx);
}

static void on_done(void *ctx, enum wr_err err, const struct wr_reply *row)
{
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s=%s ", (const char *)ctx,
             err ? wr_err_slug(err) : wr_reply_text(row, NULL));
}

static int start(void **state)
{
    (void)state;
    call_count = 0;
    *told = 0;
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    static const struct wr_script script = {.name = "a script"};
    batch = batch_new(&(struct batch_config){
        .loop = loop, .script = &script, .rows = true, .open = open_call, .write = write_item});
    return 0;
}

static int finish(void **state)
{
    (void)state;
    batch_free(batch);
    assert_true(wr_loop_close(loop, 1000));
    return 0;
}

static void on_turned(void *ctx)
{
    (void)ctx;
    wr_loop_stop(loop);
}
static void turn(void) /* everything that was deferred has run */
{
    for (int i = 0; i < 2; i++) {
        wr_loop_defer(loop, on_turned, NULL);
        wr_loop_run(loop);
    }
}

static void add(struct batch_item *item, const char *of, int lane, const char *name)
{
    *item = (struct batch_item){.lane = lane, .done = on_done, .ctx = (void *)(uintptr_t)name};
    strcpy(item->sale, of);
    batch_add(batch, item);
}

static void answer(size_t call, enum wr_err err, const char *const *texts, size_t count)
{
    struct wr_reply rows[70] = {0}, reply = {.rows = rows, .count = count};
    for (size_t i = 0; i < count; i++)
        rows[i].text = texts[i];
    calls[call].cb(calls[call].ctx, err, err ? NULL : &reply);
}

TEST(one_turn_is_one_call_per_sale_and_lane)
{
    struct batch_item items[5];
    add(&items[0], "shoes", 0, "a");
    add(&items[1], "boots", 0, "b");
    add(&items[2], "shoes", 0, "c");
    assert_int_equal(call_count, 0);
    turn();
    assert_int_equal(call_count, 2);
    assert_string_equal(calls[0].items, "shoes/0: a c");
    assert_string_equal(calls[1].items, "boots/0: b");
    answer(0, WR_OK, (const char *const[]){"live", "gone"}, 2);
    answer(1, WR_OK, (const char *const[]){"blocked"}, 1);
    assert_string_equal(told, "a=live c=gone b=blocked ");
    add(&items[3], "shoes", 0, "d");
    add(&items[4], "shoes", 1, "e");
    turn();
    assert_string_equal(calls[2].items, "shoes/0: d");
    assert_string_equal(calls[3].items, "shoes/1: e");
    answer(2, WR_ERR_NO_ANSWER, NULL, 0);
    answer(3, WR_OK, (const char *const[]){"closed"}, 1);
    assert_string_equal(told, "a=live c=gone b=blocked d=outcome-unknown e=line-closed ");
}

TEST(while_two_calls_are_under_way_the_rest_gathers)
{
    struct batch_item items[4];
    static const char *const ok[] = {"ok", "ok"};
    for (int i = 0; i < 2; i++) {
        add(&items[i], "shoes", 0, i ? "b" : "a");
        turn();
    }
    add(&items[2], "shoes", 0, "c");
    turn();
    add(&items[3], "shoes", 0, "d");
    turn();
    assert_int_equal(call_count, 2);
    answer(0, WR_OK, ok, 1);
    turn();
    assert_int_equal(call_count, 3);
    assert_string_equal(calls[2].items, "shoes/0: c d");
    answer(1, WR_OK, ok, 1);
    answer(2, WR_OK, ok, 2);
    assert_string_equal(told, "a=ok b=ok c=ok d=ok ");
}

TEST(a_call_has_at_most_64_items)
{
    struct batch_item items[70];
    for (int i = 0; i < 70; i++)
        add(&items[i], "shoes", 0, "x");
    turn();
    assert_int_equal(call_count, 2);
    assert_int_equal(strlen(calls[0].items), strlen("shoes/0:") + 2 * 64);
    assert_int_equal(strlen(calls[1].items), strlen("shoes/0:") + 2 * 6);
    answer(0, WR_ERR_BACKEND, NULL, 0);
    answer(1, WR_ERR_BACKEND, NULL, 0);
}

TEST(a_sale_that_went_or_is_closed_is_not_asked)
{
    struct batch_item items[2];
    add(&items[0], "gone", 0, "a");
    add(&items[1], "shut", 0, "b");
    assert_string_equal(told, "");
    turn();
    assert_int_equal(call_count, 0);
    assert_string_equal(told, "a=line-closed b=line-closed ");
}

TEST(what_was_not_sent_at_the_end_surely_did_not_happen)
{
    struct batch_item item;
    add(&item, "shoes", 0, "a");
    batch_free(batch);
    assert_string_equal(told, "a=backend-refused ");
    turn(); /* its deferral finds nothing */
    batch = NULL;
}
