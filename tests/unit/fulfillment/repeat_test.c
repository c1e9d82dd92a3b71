#include "../test.h"
#include "repeat.h"

struct flow {
    struct repeat *repeat;
    int runs;
    bool busy;
};
static struct wr_loop *loop;
static struct repeats all;
static struct flow one, two;
static struct flow *closed[2];
static int closed_count;

static void on_due(void *ctx)
{
    struct flow *flow = ctx;
    flow->runs++;
    if (one.runs && two.runs)
        wr_loop_stop(loop);
}
static bool busy(const void *ctx)
{
    const struct flow *flow = ctx;
    return flow->busy;
}
static void on_close(void *ctx)
{
    closed[closed_count++] = ctx;
}
static const struct repeat_kind plain = {.run = on_due, .close = on_close};
static const struct repeat_kind with_work = {.run = on_due, .busy = busy, .close = on_close};

static void start(void)
{
    one = two = (struct flow){0};
    closed_count = 0;
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    one.repeat = repeat_new(&all, loop, &plain, &one);
    two.repeat = repeat_new(&all, loop, &with_work, &two);
}
static void finish(void)
{
    repeats_close(&all);
    assert_true(wr_loop_close(loop, 1000));
}

TEST(all_are_idle_when_no_step_runs_and_none_left_work_behind)
{
    start();
    assert_true(repeats_idle(&all));
    two.busy = true;
    wr_loop_run(loop);
    repeat_ended(two.repeat, REPEAT_IDLE);
    assert_false(repeats_idle(&all)); /* one runs */
    repeat_ended(one.repeat, REPEAT_IDLE);
    assert_false(repeats_idle(&all)); /* two left work behind */
    two.busy = false;
    assert_true(repeats_idle(&all));
    finish();
}

static void on_late(void *ctx)
{
    (void)ctx;
    wr_loop_stop(loop);
}

TEST(what_is_stopped_starts_no_step_whoever_kicks)
{
    start();
    wr_loop_run(loop);
    repeats_stop(&all);
    repeat_ended(one.repeat, REPEAT_MORE);
    repeat_ended(two.repeat, REPEAT_FAILED);
    repeat_kick(one.repeat);
    repeat_kick(NULL);
    struct wr_timer *late = wr_timer_new(loop, on_late, NULL); /* after all that is due already */
    wr_timer_start(late, 1, 0);
    wr_loop_run(loop);
    wr_timer_free(late);
    assert_int_equal(one.runs, 1);
    assert_int_equal(two.runs, 1);
    finish();
}

TEST(the_newest_is_closed_first)
{
    start();
    finish();
    assert_int_equal(closed_count, 2);
    assert_ptr_equal(closed[0], &two);
    assert_ptr_equal(closed[1], &one);
    assert_true(repeats_idle(&all));
}
