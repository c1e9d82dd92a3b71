/* postgres_pool.h - a PostgreSQL of the test's own with an empty table, things, and a pool of two threads on it.
 * Around each test: open_pool(), close_pool(); around all of them: start_server(), stop_server(). */
#ifndef WR_TEST_POSTGRES_POOL_H
#define WR_TEST_POSTGRES_POOL_H
#include "test.h"
#include "clock.h"
#include "log.h"
#include "pg_conn.h"
#include "postgres.h"
#include <sched.h>

static struct postgres server;
static struct wr_loop *loop;
static struct wr_pg *pg;

/* ---- one piece of work at a time, run to its end ---- */

struct op {
    wr_pg_work *work;
    bool ended;
    enum wr_err err;
    const struct wr_sql *sql;
    int64_t number;
    char text[100];
};

static void on_done(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    assert_false(op->ended);
    op->ended = true;
    op->err = err;
    wr_loop_stop(loop);
}

static void on_late(void *ctx)
{
    (void)ctx;
    fail_msg("it took too long");
}

static void wait_for(struct op *op)
{
    struct wr_timer *limit = wr_timer_new(loop, on_late, NULL);
    wr_timer_start(limit, 15000, 0);
    while (!op->ended)
        wr_loop_run(loop);
    wr_timer_free(limit);
}

static enum wr_err run(wr_pg_work *work, struct op *op)
{
    op->ended = false;
    assert_int_equal(wr_pg_submit(pg, work, on_done, op), WR_OK);
    wait_for(op);
    return op->err;
}

#define SQL(name_, text_) static const struct wr_sql name_ = {.name = #name_, .text = text_}
SQL(drop_things, "drop table if exists things cascade");
SQL(create_things, "create table things (id int primary key, name text check (name <> ''))");

static int open_pool(void **state)
{
    (void)state;
    struct wr_pg_conn *c;
    /* An earlier test may have killed a backend: the server is back when it has recovered. */
    enum wr_err err;
    uint64_t deadline = wr_mono_ms() + 10000;
    while ((err = wr_pg_connect(&c, server.url)) != WR_OK && wr_mono_ms() < deadline)
        sched_yield();
    assert_int_equal(err, WR_OK);
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    assert_int_equal(wr_pg_query(c, &drop_things, 0, NULL, NULL), WR_OK);
    assert_int_equal(wr_pg_query(c, &create_things, 0, NULL, NULL), WR_OK);
    wr_pg_disconnect(c);
    assert_int_equal(wr_pg_open(&pg, loop, server.url, 2, 4), WR_OK);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    wr_pg_close(pg);
    assert_true(wr_loop_close(loop, 2000));
    return 0;
}

static int start_server(void **state)
{
    (void)state;
    wr_log_open(WR_LOG_ERROR, program_invocation_short_name);
    postgres_make(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    postgres_remove(&server);
    return 0;
}

/* ---- work ---- */

SQL(count_things, "select count(*) n, max(name) name, count(*) > 0 any, null::text nothing from things");
SQL(insert_thing, "insert into things values ($1, $2)");
SQL(sleep_long, "select pg_sleep(20)");

static enum wr_err insert(struct wr_pg_conn *c, const char *id, const char *name)
{
    return wr_pg_query(c, &insert_thing, 2, (const char *const[]){id, name}, NULL);
}

static enum wr_err count(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &count_things, 0, NULL, &rows);
    if (err)
        return err;
    op->number = wr_rows_int(rows, 0, "n");
    if (wr_rows_text(rows, 0, "nothing") || wr_rows_bool(rows, 0, "any") != (op->number > 0))
        err = WR_ERR_INTERNAL; /* cmocka's asserts do not work on another thread */
    if (op->number)
        snprintf(op->text, sizeof op->text, "%s", wr_rows_text(rows, 0, "name"));
    wr_rows_free(rows);
    return err;
}

static int64_t things(void)
{
    struct op op = {0};
    assert_int_equal(run(count, &op), WR_OK);
    return op.number;
}

/* Until the server is there again. To read twice is harmless, so an outcome that is unknown is no end: the backend
 * may die under the question. */
static void count_at_last(struct op *op)
{
    uint64_t limit = wr_mono_ms() + 10000;
    while (run(count, op)) {
        assert_true(op->err == WR_ERR_BACKEND || op->err == WR_ERR_NO_ANSWER);
        assert_true(wr_mono_ms() < limit);
        usleep(20000);
    }
}

static enum wr_err insert_two(struct wr_pg_conn *c, void *ctx)
{
    (void)ctx;
    enum wr_err err = wr_pg_begin(c);
    if (!err)
        err = insert(c, "1", "one");
    if (!err)
        err = insert(c, "2", "two");
    return err ? err : wr_pg_commit(c);
}

static enum wr_err sleep_for_long(struct wr_pg_conn *c, void *ctx)
{
    (void)ctx;
    return wr_pg_query(c, &sleep_long, 0, NULL, NULL);
}

#endif
