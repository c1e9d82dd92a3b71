#include "pg_conn.h"
#include "clock.h"
#include "mem.h"
#define WR_GROUP_SETUP start_server
#define WR_GROUP_TEARDOWN stop_server
#define WR_TEST_SETUP open_pool
#define WR_TEST_TEARDOWN close_pool
#include "postgres_pool.h"

/* ---- transactions ---- */

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

static enum wr_err run_one(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    return wr_pg_query(c, op->sql, 0, NULL, NULL);
}

TEST(refusals_are_told_apart)
{
    static const struct {
        struct wr_sql sql;
        enum wr_err err;
    } cases[] = {
        {{.name = "a case", .text = "insert into things values (1, 'a'), (1, 'b')"}, WR_ERR_CONFLICT},
        {{.name = "a case", .text = "insert into things values (1, '')"}, WR_ERR_CONFLICT},
        {{.name = "a case", .text = "insert into things values ('x', 'a')"}, WR_ERR_INVALID},
        {{.name = "a case", .text = "select 1 / 0"}, WR_ERR_INVALID},
        {{.name = "a case", .text = "do $$ begin raise exception using errcode = '40001'; end $$"},
         WR_ERR_BACKEND},
        {{.name = "a case", .text = "do $$ begin raise exception using errcode = '40P01'; end $$"},
         WR_ERR_BACKEND},
        {{.name = "a case", .text = "select * from nowhere"}, WR_ERR_BACKEND},
        {{.name = "a case", .text = "select 1"}, WR_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct op op = {.sql = &cases[i].sql};
        assert_int_equal(run(run_one, &op), cases[i].err);
    }
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

TEST(a_read_only_connection_reads_and_is_refused_every_change)
{
    struct wr_pg_conn *c;
    struct op op = {0};
    assert_int_equal(wr_pg_connect_read_only(&c, server.url), WR_OK);
    assert_int_equal(insert(c, "1", "one"), WR_ERR_BACKEND);
    assert_non_null(strstr(wr_pg_error(c), "read-only"));
    assert_int_equal(count(c, &op), WR_OK);
    assert_int_equal(op.number, 0);
    wr_pg_disconnect(c);
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

/* ---- lost connections ---- */

SQL(own_pid, "select pg_backend_pid() pid");

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

TEST(a_connection_lost_before_the_commit_is_a_refusal)
{
    struct op op = {0};
    assert_int_equal(run(die_before_commit, &op), WR_ERR_BACKEND);
    count_at_last(&op);
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
    SQL(linger, "create or replace function linger() returns trigger language plpgsql as $$ begin "
                "perform pg_sleep(2); return null; end $$");
    SQL(slow, "create constraint trigger slow after insert on things deferrable initially deferred "
              "for each row execute function linger()");
    assert_int_equal(wr_pg_query(c, &linger, 0, NULL, NULL), WR_OK);
    assert_int_equal(wr_pg_query(c, &slow, 0, NULL, NULL), WR_OK);
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
    count_at_last(&op);
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

static enum wr_err add_up(struct wr_pg_conn *c, void *ctx)
{
    SQL(added, "select sum(n) + $2::bigint as sum, 'eleven chars' as text, null as nothing "
               "from unnest($1::bigint[]) as t(n)");
    struct op *op = ctx;
    struct wr_buf array = {0};
    wr_pg_array_int(&array, INT64_MIN);
    wr_pg_array_int(&array, INT64_MAX);
    wr_pg_array_end(&array);
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &added, 2, (const char *const[]){array.at, WR_PG_INT(-41)}, &rows);
    wr_buf_free(&array);
    if (err)
        return err;
    op->number = wr_rows_int(rows, 0, "sum");
    char nothing[4] = "old";
    wr_rows_copy(rows, 0, "nothing", nothing, sizeof nothing);
    wr_rows_copy(rows, 0, "text", op->text, 7);
    strcat(op->text, nothing);
    wr_rows_free(rows);
    return WR_OK;
}

TEST(integers_go_as_texts_and_rows_are_copied_as_far_as_there_is_room)
{
    struct op op = {0};
    assert_int_equal(run(add_up, &op), WR_OK);
    assert_int_equal(op.number, -42);
    assert_string_equal(op.text, "eleven");
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
