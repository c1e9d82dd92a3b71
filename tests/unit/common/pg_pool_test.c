#include "pg.h"
#include "clock.h"
#define WR_GROUP_SETUP start_server
#define WR_GROUP_TEARDOWN stop_server
#define WR_TEST_SETUP open_pool
#define WR_TEST_TEARDOWN close_pool
#include "postgres_pool.h"

TEST(while_the_server_is_down_jobs_fail_at_once_and_it_heals_by_itself)
{
    struct op op = {0};
    wr_pg_close(pg); /* one thread, so that what was prepared is needed again on the same connection */
    assert_int_equal(wr_pg_open(&pg, loop, server.url, 1, 4), WR_OK);
    assert_int_equal(things(), 0);
    postgres_kill(&server);
    uint64_t limit = wr_mono_ms() + 5000;
    while (run(count, &op) == WR_OK) /* its children take a moment to notice */
        assert_true(wr_mono_ms() < limit);
    uint64_t start = wr_mono_ms();
    for (int i = 0; i < 20; i++) {
        assert_int_equal(run(count, &op), WR_ERR_BACKEND);
        assert_false(wr_pg_connected(pg));
    }
    assert_true(wr_mono_ms() - start < 8000); /* with the pauses between attempts it would be twice that */
    postgres_start(&server);
    uint64_t up = wr_mono_ms();
    count_at_last(&op);
    assert_true(wr_mono_ms() - up < 8000);         /* the longest pause is 2 s */
    assert_int_equal(run(insert_two, &op), WR_OK); /* prepared anew */
}

SQL(one, "select 1 n");

static enum wr_err ask_on_and_on(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    enum wr_err err;
    do {
        err = wr_pg_query(c, &one, 0, NULL, NULL);
        __atomic_store_n(&op->number, 1, __ATOMIC_RELEASE);
    } while (err == WR_OK);
    return err;
}

TEST(the_queue_is_bounded_and_close_ends_all)
{
    struct op ops[7] = {0};
    for (int i = 0; i < 2; i++)
        assert_int_equal(wr_pg_submit(pg, ask_on_and_on, on_done, &ops[i]), WR_OK);
    uint64_t limit = wr_mono_ms() + 5000;
    while (!__atomic_load_n(&ops[0].number, __ATOMIC_ACQUIRE) ||
           !__atomic_load_n(&ops[1].number, __ATOMIC_ACQUIRE))
        assert_true(wr_mono_ms() < limit); /* both threads are at work */
    for (int i = 2; i < 6; i++)
        assert_int_equal(wr_pg_submit(pg, ask_on_and_on, on_done, &ops[i]), WR_OK);
    assert_int_equal(wr_pg_submit(pg, ask_on_and_on, on_done, &ops[6]), WR_ERR_BUSY);
    wr_pg_close(pg);
    pg = NULL;
    for (int i = 0; i < 6; i++) {
        assert_true(ops[i].ended);
        assert_int_equal(ops[i].err,
                         WR_ERR_BACKEND); /* the next statement of those under way was refused */
        assert_int_equal(ops[i].number, i < 2);
    }
    assert_false(ops[6].ended);
}

TEST(what_is_stopped_has_ended_all_and_takes_nothing_more)
{
    struct op ops[3] = {0};
    for (int i = 0; i < 2; i++)
        assert_int_equal(wr_pg_submit(pg, count, on_done, &ops[i]), WR_OK);
    wr_pg_stop(pg);
    assert_true(ops[0].ended && ops[1].ended);
    assert_int_equal(wr_pg_submit(pg, count, on_done, &ops[2]), WR_ERR_BUSY);
    wr_pg_stop(pg);
    assert_false(ops[2].ended);
}

static bool all_ended(const struct op *ops, int count)
{
    for (int i = 0; i < count; i++)
        if (!ops[i].ended)
            return false;
    return true;
}

static enum wr_err sleep_and_say(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    op->number = 1;
    return sleep_for_long(c, ctx);
}

TEST(what_waited_too_long_is_refused_and_not_begun)
{
    struct op ops[6] = {0};
    wr_pg_close(pg);
    assert_int_equal(wr_pg_open(&pg, loop, server.url, 2, 6), WR_OK);
    for (int i = 0; i < 6; i++) /* two at a time, 3 s each */
        assert_int_equal(wr_pg_submit(pg, sleep_and_say, on_done, &ops[i]), WR_OK);
    while (!all_ended(ops, 6))
        wr_loop_run(loop);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(ops[i].err, WR_ERR_BACKEND);
        assert_int_equal(ops[i].number, i < 4);
    }
}
