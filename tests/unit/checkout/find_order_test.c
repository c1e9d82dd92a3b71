/* find_order.c with the stores it asks - the stock's Redis and the list of sales - replaced at link time. */
#include "test.h"
#include "find_order.h"

#define SALES 600

static size_t published, asked;
static struct { /* what was asked and has no answer */
    wr_redis_cb *done;
    void *ctx;
} open[FIND_ASKS_MAX + SALES];
static int done;
static enum wr_err result;

void wr_sales_each(const struct wr_sales *sales, void (*visit)(void *ctx, const struct wr_sale *sale),
                   void *ctx)
{
    (void)sales;
    struct wr_sale sale = {.id = "shoes"};
    for (size_t i = 0; i < published; i++)
        visit(ctx, &sale);
}

bool wr_sales_fresh(const struct wr_sales *sales)
{
    (void)sales;
    return true;
}

void wr_redis_command(struct wr_redis *r, const struct wr_args *args, wr_redis_cb *cb, void *ctx)
{
    (void)r;
    (void)args;
    open[asked].done = cb;
    open[asked++].ctx = ctx;
}

enum wr_reply_type wr_reply_type(const struct wr_reply *reply)
{
    return reply ? WR_REPLY_TEXT : WR_REPLY_NIL;
}

const char *wr_reply_text(const struct wr_reply *reply, size_t *len)
{
    (void)reply;
    *len = 2;
    return "{}";
}

static void on_done(void *ctx, enum wr_err err)
{
    (void)ctx;
    done++;
    result = err;
}

/* The first of a find's looks finds the order, or none does. */
static void answer(size_t from, size_t to, bool found)
{
    for (size_t i = from; i < to; i++)
        open[i].done(open[i].ctx, WR_OK, found && i == from ? (const struct wr_reply *)&open : NULL);
}

TEST(a_named_sale_is_asked_alone)
{
    struct checkoutd d = {0};
    struct find f = {.done = on_done};
    asked = 0, published = SALES, done = 0;
    find_order(&f, &d, "an-order", "shoes");
    assert_int_equal(asked, 1);
    answer(0, 1, true);
    assert_int_equal(done, 1);
    assert_int_equal(result, WR_OK);
    find_free(&f);
}

TEST(what_is_asked_of_all_sales_at_once_is_bounded_and_what_was_not_asked_is_not_known)
{
    struct checkoutd d = {0};
    struct find finds[4] = {{.done = on_done}, {.done = on_done}, {.done = on_done}, {.done = on_done}};
    asked = 0, published = SALES, done = 0;
    for (int i = 0; i < 4; i++)
        find_order(&finds[i], &d, "an-order", NULL);
    assert_int_equal(asked, FIND_ASKS_MAX);
    assert_int_equal(done, 0);
    answer(0, SALES, false);
    assert_int_equal(result, WR_ERR_NOT_FOUND);
    answer(SALES, 2 * SALES, true);
    assert_int_equal(result, WR_OK);
    answer(2 * SALES, 3 * SALES, false);
    assert_int_equal(result, WR_ERR_NOT_FOUND);
    answer(3 * SALES, asked, false);
    assert_int_equal(result, WR_ERR_BUSY);
    assert_int_equal(done, 4);
    assert_int_equal(d.finding, 0);
    asked = 0;
    find_order(&finds[0], &d, "an-order", NULL);
    assert_int_equal(asked, SALES);
    answer(0, SALES, false);
    assert_int_equal(result, WR_ERR_NOT_FOUND);
    for (int i = 0; i < 4; i++)
        find_free(&finds[i]);
}
