#include "pg.h"
#include <sched.h>
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "postgres.h"
#define WR_TEST_SETUP open_all
#define WR_TEST_TEARDOWN close_all
#define WR_GROUP_SETUP start_server
#define WR_GROUP_TEARDOWN stop_server
#include "test.h"

static struct postgres server;
static struct wr_loop *loop;
static struct wr_pg *pg;

/* ---- one piece of work at a time, run to its end ---- */

struct op {
    wr_pg_work *work;
    bool ended;
    enum wr_err err;
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
SQL(count_things, "select count(*) n, max(name) name, count(*) > 0 any, null::text nothing from things");
SQL(insert_thing, "insert into things values ($1, $2)");
SQL(own_pid, "select pg_backend_pid() pid");
SQL(sleep_long, "select pg_sleep(20)");
SQL(one, "select 1 n");

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

static int open_all(void **state)
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
    assert_int_equal(wr_pg_script(c,
                                  "drop table if exists things cascade;"
                                  "create table things (id int primary key, name text check (name <> ''))"),
                     WR_OK);
    wr_pg_disconnect(c);
    assert_int_equal(wr_pg_open(&pg, loop, server.url, 2, 4), WR_OK);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    wr_pg_close(pg);
    assert_true(wr_loop_close(loop, 2000));
    return 0;
}

/* ---- transactions ---- */

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

TEST(what_was_committed_is_there)
{
    struct op op = {0};
    assert_int_equal(run(insert_two, &op), WR_OK);
    assert_int_equal(run(count, &op), WR_OK);
    assert_int_equal(op.number, 2);
    assert_string_equal(op.text, "two");
    assert_true(wr_pg_connected(pg));
}

static enum wr_err insert_and_stop(struct wr_pg_conn *c, void *ctx)
{
    (void)ctx;
    enum wr_err err = wr_pg_begin(c);
    if (!err)
        err = insert(c, "1", "one");
    return err ? err : WR_ERR_NOT_FOUND;
}

TEST(work_that_ends_without_commit_leaves_nothing)
{
    struct op op = {0};
    for (int i = 0; i < 4; i++) /* each thread at least once */
        assert_int_equal(run(insert_and_stop, &op), WR_ERR_NOT_FOUND);
    assert_int_equal(things(), 0);
    assert_int_equal(run(insert_two, &op), WR_OK);
}

static enum wr_err commit_after_failure(struct wr_pg_conn *c, void *ctx)
{
    (void)ctx;
    enum wr_err err = wr_pg_begin(c);
    if (!err)
        err = insert(c, "1", "one");
    if (!err && insert(c, "1", "again") != WR_ERR_CONFLICT)
        err = WR_ERR_INTERNAL;
    return err ? err : wr_pg_commit(c);
}

TEST(a_commit_after_a_failed_statement_is_no_success)
{
    struct op op = {0};
    assert_int_equal(run(commit_after_failure, &op), WR_ERR_BACKEND);
    assert_int_equal(things(), 0);
}

/* ---- classes of errors ---- */

static enum wr_err run_text(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    return wr_pg_script(c, op->text);
}

TEST(refusals_are_told_apart)
{
    static const struct {
        const char *text;
        enum wr_err err;
    } cases[] = {
        {"insert into things values (1, 'a'), (1, 'b')", WR_ERR_CONFLICT},
        {"insert into things values (1, '')", WR_ERR_CONFLICT},
        {"insert into things values ('x', 'a')", WR_ERR_INVALID},
        {"select 1 / 0", WR_ERR_INVALID},
        {"do $$ begin raise exception using errcode = '40001'; end $$", WR_ERR_BACKEND},
        {"do $$ begin raise exception using errcode = '40P01'; end $$", WR_ERR_BACKEND},
        {"select * from nowhere", WR_ERR_BACKEND},
        {"select 1", WR_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct op op = {0};
        snprintf(op.text, sizeof op.text, "%s", cases[i].text);
        assert_int_equal(run(run_text, &op), cases[i].err);
    }
}

static enum wr_err sleep_for_long(struct wr_pg_conn *c, void *ctx)
{
    (void)ctx;
    return wr_pg_query(c, &sleep_long, 0, NULL, NULL);
}

TEST(a_slow_statement_is_ended_by_the_server)
{
    struct op op = {0};
    uint64_t start = wr_mono_ms();
    assert_int_equal(run(sleep_for_long, &op),
                     WR_ERR_BACKEND); /* the connection lives: surely nothing happened */
    assert_in_range(wr_mono_ms() - start, 2900, 4500);
    assert_int_equal(things(), 0);
}

/* ---- lost connections ---- */

static enum wr_err freeze_myself(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    struct wr_rows *rows;
    enum wr_err err = wr_pg_begin(c);
    if (!err)
        err = wr_pg_query(c, &own_pid, 0, NULL, &rows);
    if (err)
        return err;
    op->number = wr_rows_int(rows, 0, "pid");
    wr_rows_free(rows);
    kill((pid_t)op->number, SIGSTOP);
    return wr_pg_commit(c);
}

TEST(a_frozen_server_is_given_up_and_the_commit_is_unknown)
{
    struct op op = {0};
    uint64_t start = wr_mono_ms();
    assert_int_equal(run(freeze_myself, &op), WR_ERR_NO_ANSWER);
    assert_in_range(wr_mono_ms() - start, 4900, 7000);
    kill((pid_t)op.number, SIGCONT);
    assert_int_equal(things(), 0);
}

static enum wr_err die_before_commit(struct wr_pg_conn *c, void *ctx)
{
    (void)ctx;
    struct wr_rows *rows;
    enum wr_err err = wr_pg_begin(c);
    if (!err)
        err = insert(c, "1", "one");
    if (!err)
        err = wr_pg_query(c, &own_pid, 0, NULL, &rows);
    if (err)
        return WR_ERR_INTERNAL;
    kill((pid_t)wr_rows_int(rows, 0, "pid"),
         SIGKILL); /* the server then ends every connection and recovers */
    wr_rows_free(rows);
    err = insert(c, "2", "two");
    if (err != WR_ERR_BACKEND)
        return WR_ERR_INTERNAL;
    return wr_pg_commit(c);
}

/* Until it works again, as long as the refusals are the kind that may be repeated. */
static void repeat_until_ok(wr_pg_work *work, struct op *op)
{
    uint64_t limit = wr_mono_ms() + 10000;
    while (run(work, op)) {
        assert_int_equal(op->err, WR_ERR_BACKEND);
        assert_true(wr_mono_ms() < limit);
        usleep(20000);
    }
}

TEST(a_connection_lost_before_the_commit_is_a_refusal)
{
    struct op op = {0};
    assert_int_equal(run(die_before_commit, &op), WR_ERR_BACKEND);
    repeat_until_ok(count, &op);
    assert_int_equal(op.number, 0);
}

static struct wr_wake *committing;

static enum wr_err commit_slowly(struct wr_pg_conn *c, void *ctx)
{
    enum wr_err err = wr_pg_begin(c);
    (void)ctx;
    if (!err)
        err = insert(c, "1", "one");
    wr_wake_send(committing);
    return err ? err : wr_pg_commit(c);
}

static void kill_server(void *ctx)
{
    (void)ctx;
    postgres_kill(&server);
    char command[160]; /* and its children, which would finish the statement first */
    snprintf(command, sizeof command, "kill -9 $(cat %s/pids)", server.folder);
    (void)!system(command);
}

static void on_committing(void *ctx)
{
    wr_timer_start(ctx, 300, 0); /* the commit lasts 2 s */
}

TEST(a_connection_lost_during_the_commit_is_unknown)
{
    struct op op = {0};
    struct wr_pg_conn *c;
    struct wr_rows *rows;
    assert_int_equal(wr_pg_connect(&c, server.url), WR_OK);
    assert_int_equal(
        wr_pg_script(c, "create or replace function linger() returns trigger language plpgsql as $$ begin "
                        "perform pg_sleep(2); return null; end $$;"
                        "create constraint trigger slow after insert on things deferrable initially deferred "
                        "for each row execute function linger()"),
        WR_OK);
    assert_int_equal(run(count, &op), WR_OK);
    SQL(pids, "select pid from pg_stat_activity");
    assert_int_equal(wr_pg_query(c, &pids, 0, NULL, &rows), WR_OK);
    char path[100];
    snprintf(path, sizeof path, "%s/pids", server.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < wr_rows_count(rows); i++)
        fprintf(file, "%s\n", wr_rows_text(rows, i, "pid"));
    fclose(file);
    wr_rows_free(rows);
    wr_pg_disconnect(c);

    struct wr_timer *timer = wr_timer_new(loop, kill_server, NULL);
    committing = wr_wake_new(loop, on_committing, timer);
    assert_int_equal(run(commit_slowly, &op), WR_ERR_NO_ANSWER);
    wr_wake_free(committing);
    wr_timer_free(timer);
    postgres_start(&server);
    repeat_until_ok(count, &op);
}

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
    for (int i = 0; i < 20; i++) {
        uint64_t start = wr_mono_ms();
        assert_int_equal(run(count, &op), WR_ERR_BACKEND);
        assert_true(wr_mono_ms() - start < 500);
        assert_false(wr_pg_connected(pg));
    }
    postgres_start(&server);
    uint64_t up = wr_mono_ms();
    repeat_until_ok(count, &op);
    assert_true(wr_mono_ms() - up < 3000);         /* the longest pause is 2 s */
    assert_int_equal(run(insert_two, &op), WR_OK); /* prepared anew */
}

/* ---- the queue ---- */

static enum wr_err sleep_a_second(struct wr_pg_conn *c, void *ctx)
{
    SQL(sleep_one, "select pg_sleep(1)");
    struct op *op = ctx;
    __atomic_store_n(&op->number, 1, __ATOMIC_RELEASE);
    enum wr_err err = wr_pg_query(c, &sleep_one, 0, NULL, NULL);
    return err ? err : wr_pg_query(c, &one, 0, NULL, NULL);
}

TEST(the_queue_is_bounded_and_close_ends_all)
{
    struct op ops[7] = {0};
    for (int i = 0; i < 2; i++)
        assert_int_equal(wr_pg_submit(pg, sleep_a_second, on_done, &ops[i]), WR_OK);
    uint64_t limit = wr_mono_ms() + 5000;
    while (!__atomic_load_n(&ops[0].number, __ATOMIC_ACQUIRE) ||
           !__atomic_load_n(&ops[1].number, __ATOMIC_ACQUIRE))
        assert_true(wr_mono_ms() < limit); /* both threads are at work */
    for (int i = 2; i < 6; i++)
        assert_int_equal(wr_pg_submit(pg, sleep_a_second, on_done, &ops[i]), WR_OK);
    assert_int_equal(wr_pg_submit(pg, sleep_a_second, on_done, &ops[6]), WR_ERR_BUSY);
    wr_pg_close(pg);
    pg = NULL;
    for (int i = 0; i < 6; i++) {
        assert_true(ops[i].ended);
        assert_int_equal(ops[i].err,
                         WR_ERR_BACKEND); /* the second statement of those under way was refused */
        assert_int_equal(ops[i].number, i < 2);
    }
    assert_false(ops[6].ended);
}

TEST(an_unusable_url_is_refused)
{
    struct wr_pg *none;
    struct wr_pg_conn *c;
    assert_int_equal(wr_pg_open(&none, loop, "postgresql://[", 1, 1), WR_ERR_INVALID);
    assert_null(none);
    assert_int_equal(wr_pg_connect(&c, "postgresql:///x?host=/nowhere"), WR_ERR_BACKEND);
    assert_null(c);
    wr_pg_disconnect(NULL);
    wr_rows_free(NULL);
}

/* ---- arrays ---- */

static enum wr_err join_array(struct wr_pg_conn *c, void *ctx)
{
    SQL(joined, "select string_agg(coalesce(x, '<null>'), '|' order by at) text, count(x) n "
                "from unnest($1::text[]) with ordinality as t(x, at)");
    struct op *op = ctx;
    struct wr_buf array = {0};
    static const char *const texts[] = {"plain", "",   "a \"quote\"", "back\\slash",
                                        "{b,r}", NULL, "NULL",        "\xc3\xbc\n"};
    if (op->number)
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            wr_pg_array_add(&array, texts[i]);
    wr_pg_array_end(&array);
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &joined, 1, (const char *const[]){array.at}, &rows);
    wr_buf_free(&array);
    if (err)
        return err;
    const char *text = wr_rows_text(rows, 0, "text");
    snprintf(op->text, sizeof op->text, "%s", text ? text : "nothing");
    op->number = wr_rows_int(rows, 0, "n");
    wr_rows_free(rows);
    return WR_OK;
}

TEST(any_text_survives_an_array_literal)
{
    struct op op = {.number = 1};
    assert_int_equal(run(join_array, &op), WR_OK);
    assert_string_equal(op.text, "plain||a \"quote\"|back\\slash|{b,r}|<null>|NULL|\xc3\xbc\n");
    assert_int_equal(op.number, 7);
    op.number = 0;
    assert_int_equal(run(join_array, &op), WR_OK);
    assert_string_equal(op.text, "nothing");
}

static int start_server(void **state)
{
    (void)state;
    wr_log_open(WR_LOG_ERROR, "pg_test");
    postgres_make(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    postgres_remove(&server);
    return 0;
}
