#include "redis.h"
#include "redis_server.h"

static struct redis_server server;
static struct wr_loop *loop;
static struct wr_redis *redis;
static int ups, downs;

static void on_state(void *ctx, bool connected)
{
    (void)ctx;
    connected ? ups++ : downs++;
}

static bool is_up(void *ctx)
{
    (void)ctx;
    return wr_redis_connected(redis);
}

static bool is_down(void *ctx)
{
    (void)ctx;
    return !wr_redis_connected(redis);
}

static void connect_with(struct wr_redis_config config)
{
    ups = downs = 0;
    config.address = server.address;
    config.on_state = on_state;
    assert_int_equal(wr_redis_open(&redis, loop, &config), WR_OK);
    run_until(loop, 3000, is_up, NULL);
}

static void start(void)
{
    redis_server_start(&server);
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    connect_with((struct wr_redis_config){0});
}

static void finish(void)
{
    wr_redis_close(redis);
    redis = NULL;
    assert_true(wr_loop_close(loop, 1000));
    redis_server_remove(&server);
}

/* One request's outcome. */
struct outcome {
    int calls;
    enum wr_err err;
    enum wr_reply_type type;
    int64_t number;
    char text[200];
    size_t len, count;
    uint64_t at_ms;
};

static void note(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct outcome *o = ctx;
    o->calls++;
    o->err = err;
    o->type = wr_reply_type(reply);
    o->number = wr_reply_int(reply);
    o->count = wr_reply_count(reply);
    const char *text = wr_reply_text(reply, &o->len);
    memcpy(o->text, text, o->len < sizeof o->text ? o->len : sizeof o->text - 1);
    o->at_ms = wr_mono_ms();
}

static bool has_come(void *ctx)
{
    return ((struct outcome *)ctx)->calls > 0;
}

static struct outcome ask(const char *a, const char *b, const char *c)
{
    struct outcome o = {0};
    wr_redis_commandv(redis, note, &o, a, b, c, (char *)NULL);
    assert_int_equal(o.calls, 0);
    run_until(loop, 3000, has_come, &o);
    return o;
}

TEST(an_address_is_an_ip_literal_or_a_path)
{
    static const char *const bad[] = {"localhost:7086", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000",
                                      "127.0.0.1:7x",   "::1:7086",  ":7086",       ""};
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct wr_redis *r = NULL;
        assert_int_equal(wr_redis_open(&r, loop, &(struct wr_redis_config){.address = bad[i]}),
                         WR_ERR_INVALID);
        assert_null(r);
    }
    struct wr_redis *r;
    assert_int_equal(wr_redis_open(&r, loop, &(struct wr_redis_config){.address = "[::1]:21099"}), WR_OK);
    wr_redis_close(r);
    assert_int_equal(wr_redis_open(&r, loop, &(struct wr_redis_config){.address = "/tmp/no.sock"}), WR_OK);
    wr_redis_close(r);
    assert_true(wr_loop_close(loop, 1000));
}

TEST(answers_have_the_type_and_value_redis_gave)
{
    start();
    assert_string_equal(ask("SET", "k", "42").text, "OK");
    struct outcome o = ask("GET", "k", NULL);
    assert_int_equal(o.err, WR_OK);
    assert_int_equal(o.type, WR_REPLY_TEXT);
    assert_int_equal(o.number, 42);
    o = ask("GET", "none", NULL);
    assert_int_equal(o.type, WR_REPLY_NIL);
    assert_string_equal(o.text, "");
    assert_int_equal(ask("STRLEN", "k", NULL).number, 2);
    o = ask("MGET", "k", "none");
    assert_int_equal(o.type, WR_REPLY_LIST);
    assert_int_equal(o.count, 2);
    finish();
}

TEST(a_refusal_is_backend_and_has_its_text)
{
    start();
    struct outcome o = ask("LPOP", "a", "x");
    assert_int_equal(o.err, WR_ERR_BACKEND);
    assert_int_equal(o.type, WR_REPLY_ERROR);
    assert_non_null(strstr(o.text, "ERR"));
    finish();
}

TEST(arguments_may_hold_any_byte)
{
    start();
    static const char bytes[] = {'a', '\0', '\r', '\n', '\xff', '%', 's'};
    struct wr_args args = {0};
    wr_arg_text(&args, "SET");
    wr_arg(&args, bytes, sizeof bytes);
    wr_arg(&args, bytes, sizeof bytes);
    struct outcome set = {0}, get = {0};
    wr_redis_command(redis, &args, note, &set);
    wr_args_clear(&args);
    wr_arg_text(&args, "GET");
    wr_arg(&args, bytes, sizeof bytes);
    wr_redis_command(redis, &args, note, &get);
    wr_args_free(&args);
    run_until(loop, 3000, has_come, &get);
    assert_int_equal(set.err, WR_OK);
    assert_int_equal(get.len, sizeof bytes);
    assert_memory_equal(get.text, bytes, sizeof bytes);
    finish();
}

static int64_t seen[2000];
static int seen_count;
static void note_number(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    assert_int_equal(err, WR_OK);
    assert_int_equal((int64_t)(intptr_t)ctx, seen_count + 1);
    seen[seen_count++] = wr_reply_int(reply);
}

static bool all_seen(void *ctx)
{
    return seen_count == (int)(intptr_t)ctx;
}

TEST(requests_are_pipelined_and_answered_in_order)
{
    start();
    seen_count = 0;
    for (intptr_t i = 1; i <= 2000; i++)
        wr_redis_commandv(redis, note_number, (void *)i, "INCR", "n", NULL);
    run_until(loop, 5000, all_seen, (void *)2000);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(seen[i], i + 1);
    finish();
}

TEST(a_large_answer_arrives_whole)
{
    start();
    assert_int_equal(ask("SETRANGE", "big", "3000000").err, WR_ERR_BACKEND);
    struct outcome set = {0};
    wr_redis_commandv(redis, note, &set, "SETRANGE", "big", "3000000", "x", NULL);
    run_until(loop, 3000, has_come, &set);
    assert_int_equal(ask("GET", "big", NULL).len, 3000001);
    finish();
}

TEST(past_the_bound_a_request_is_refused_as_busy_and_later_ones_work)
{
    redis_server_start(&server);
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    connect_with((struct wr_redis_config){.in_flight_max = 2});
    struct outcome o[3] = {0};
    for (size_t i = 0; i < 3; i++)
        wr_redis_commandv(redis, note, &o[i], "PING", NULL);
    assert_int_equal(o[2].calls, 0);
    for (size_t i = 0; i < 3; i++)
        run_until(loop, 3000, has_come, &o[i]);
    assert_int_equal(o[0].err, WR_OK);
    assert_int_equal(o[1].err, WR_OK);
    assert_int_equal(o[2].err, WR_ERR_BUSY);
    assert_int_equal(ask("PING", NULL, NULL).err, WR_OK);
    finish();
}

TEST(a_frozen_redis_is_no_answer_at_the_deadline_and_its_late_answer_is_never_delivered)
{
    start();
    ask("SET", "n", "0");
    kill(server.pid, SIGSTOP);
    struct outcome o = {0};
    uint64_t sent = wr_mono_ms();
    wr_redis_commandv(redis, note, &o, "INCR", "n", NULL);
    run_until(loop, 3000, has_come, &o);
    assert_int_equal(o.err, WR_ERR_NO_ANSWER);
    assert_true(o.at_ms - sent >= 800);
    assert_true(o.at_ms - sent < 3000);
    assert_false(wr_redis_connected(redis));
    assert_string_equal(wr_redis_run_id(redis), "");
    assert_int_equal(downs, 1);
    kill(server.pid, SIGCONT);
    run_until(loop, 5000, is_up, NULL);
    /* It did happen: exactly why "no answer" must not be taken for "failed". */
    for (int i = 0; i < 200 && ask("GET", "n", NULL).number != 1; i++)
        ;
    assert_int_equal(ask("GET", "n", NULL).number, 1);
    assert_int_equal(o.calls, 1);
    finish();
}

TEST(an_answer_that_waited_while_we_were_frozen_is_too_old_to_be_believed)
{
    start();
    struct outcome o = {0}, after = {0};
    kill(server.pid, SIGSTOP);
    wr_redis_commandv(redis, note, &o, "PING", NULL);
    wr_redis_commandv(redis, note, &after, "PING", NULL);
    run_until(loop, 3000, is_up, NULL); /* one turn: they are sent */
    kill(server.pid, SIGCONT);
    poll(NULL, 0, 900); /* this process stands still, as a busy loop or a frozen virtual machine would */
    run_until(loop, 3000, has_come, &after);
    assert_int_equal(o.err, WR_ERR_NO_ANSWER);
    assert_int_equal(after.err, WR_ERR_NO_ANSWER);
    assert_int_equal(downs, 0); /* that says nothing against the connection */
    assert_string_equal(ask("PING", NULL, NULL).text, "PONG");
    finish();
}

static void stand_still(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    note(ctx, err, reply);
    poll(NULL, 0, 900);
}

TEST(an_answer_that_waited_behind_a_slow_callback_is_too_old_too)
{
    start();
    struct outcome slow = {0}, after = {0};
    wr_redis_commandv(redis, stand_still, &slow, "PING", NULL);
    wr_redis_commandv(redis, note, &after, "PING", NULL);
    run_until(loop, 3000, has_come, &after);
    assert_int_equal(slow.err, WR_OK);
    assert_int_equal(after.err, WR_ERR_NO_ANSWER);
    finish();
}

TEST(a_killed_redis_leaves_no_request_without_outcome_and_its_successor_has_another_run_id)
{
    start();
    char before[41];
    strcpy(before, wr_redis_run_id(redis));
    assert_int_equal(strlen(before), 40);
    struct outcome lost = {0};
    kill(server.pid, SIGSTOP);
    wr_redis_commandv(redis, note, &lost, "INCR", "n", NULL);
    run_until(loop, 20, is_up, NULL);
    redis_server_kill(&server);
    run_until(loop, 3000, has_come, &lost);
    assert_int_equal(lost.err, WR_ERR_NO_ANSWER);
    struct outcome refused = ask("PING", NULL, NULL);
    assert_int_equal(refused.err, WR_ERR_BACKEND);
    redis_server_start(&server);
    run_until(loop, 3000, is_up, NULL);
    assert_int_equal(strlen(wr_redis_run_id(redis)), 40);
    assert_string_not_equal(wr_redis_run_id(redis), before);
    assert_int_equal(ask("PING", NULL, NULL).err, WR_OK);
    assert_int_equal(ups, 2);
    assert_int_equal(downs, 1);
    finish();
}

static void ask_again(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    (void)reply;
    assert_int_equal(err, WR_ERR_NO_ANSWER);
    wr_redis_commandv(redis, note, ctx, "PING", NULL);
}

TEST(closing_ends_what_is_under_way_even_what_callbacks_ask_meanwhile)
{
    start();
    struct outcome o = {0}, again = {0};
    wr_redis_commandv(redis, note, &o, "PING", NULL);
    wr_redis_commandv(redis, ask_again, &again, "PING", NULL);
    wr_redis_close(redis);
    assert_int_equal(o.err, WR_ERR_NO_ANSWER);
    assert_int_equal(o.calls, 1);
    assert_int_equal(again.err, WR_ERR_BACKEND);
    assert_int_equal(again.calls, 1);
    wr_redis_close(NULL);
    connect_with((struct wr_redis_config){0});
    finish();
}

TEST(a_password_is_given_first_and_a_wrong_one_never_connects)
{
    start();
    assert_int_equal(ask("CONFIG", "GET", "port").err, WR_OK);
    struct outcome set = {0};
    wr_redis_commandv(redis, note, &set, "CONFIG", "SET", "requirepass", "secret", NULL);
    run_until(loop, 3000, has_come, &set);
    wr_redis_close(redis);
    connect_with((struct wr_redis_config){.password = "secret"});
    assert_int_equal(ask("PING", NULL, NULL).err, WR_OK);
    wr_redis_close(redis);
    connect_with((struct wr_redis_config){.username = "default", .password = "secret"});
    wr_redis_close(redis);
    struct wr_redis_config wrong = {.address = server.address, .password = "guess"};
    assert_int_equal(wr_redis_open(&redis, loop, &wrong), WR_OK);
    assert_int_equal(ask("PING", NULL, NULL).err, WR_ERR_BACKEND);
    assert_int_equal(ask("PING", NULL, NULL).err, WR_ERR_BACKEND);
    finish();
}

/* ---- scripts ---- */
static const struct wr_script add = {.name = "add",
                                     .text = "return redis.call('INCRBY', KEYS[1], ARGV[1])",
                                     .len = 45,
                                     .sha1 = "8cd00688c05c46bde4a2e60658ef20a2e5c0b248",
                                     .keys = 1,
                                     .args = 1};
static const struct wr_script half = {
    .name = "half",
    .text = "redis.call('SET', KEYS[1], 'x') return redis.call('INCR', KEYS[1])",
    .len = 66,
    .sha1 = "0000000000000000000000000000000000000000",
    .keys = 1};

static struct outcome run(const struct wr_script *script, const char *key, const char *arg)
{
    struct wr_args args = {0};
    wr_arg_text(&args, key);
    if (arg)
        wr_arg_text(&args, arg);
    struct outcome o = {0};
    wr_redis_eval(redis, script, &args, note, &o);
    wr_args_free(&args);
    run_until(loop, 3000, has_come, &o);
    return o;
}

TEST(a_script_runs_by_digest_after_its_first_use_and_again_when_redis_forgot_it)
{
    start();
    assert_int_equal(strlen(add.text), add.len);
    assert_int_equal(run(&add, "n", "5").number, 5);
    struct outcome exists = {0};
    wr_redis_commandv(redis, note, &exists, "SCRIPT", "EXISTS", add.sha1, NULL);
    run_until(loop, 3000, has_come, &exists);
    assert_int_equal(exists.count, 1);
    assert_int_equal(run(&add, "n", "5").number, 10);
    assert_int_equal(ask("SCRIPT", "FLUSH", NULL).err, WR_OK);
    assert_int_equal(run(&add, "n", "5").number, 15);
    struct outcome stats = ask("INFO", "commandstats", NULL);
    assert_int_equal(stats.err, WR_OK);
    finish();
}

TEST(a_script_that_fails_on_its_way_may_have_written_so_it_is_no_answer)
{
    start();
    assert_int_equal(strlen(half.text), half.len);
    assert_int_equal(run(&half, "k", NULL).err, WR_ERR_NO_ANSWER);
    assert_string_equal(ask("GET", "k", NULL).text, "x");
    finish();
}

TEST(a_script_refused_for_lack_of_memory_is_backend)
{
    start();
    struct outcome set = {0};
    wr_redis_commandv(redis, note, &set, "CONFIG", "SET", "maxmemory", "1", NULL);
    run_until(loop, 3000, has_come, &set);
    assert_int_equal(run(&add, "n", "5").err, WR_ERR_BACKEND);
    assert_int_equal(ask("GET", "n", NULL).type, WR_REPLY_NIL);
    finish();
}

TEST(a_read_only_answer_makes_it_connect_anew)
{
    start();
    assert_int_equal(ask("REPLICAOF", "127.0.0.1", "1").err, WR_OK);
    struct outcome o = ask("INCR", "n", NULL);
    assert_int_equal(o.err, WR_ERR_BACKEND);
    run_until(loop, 3000, is_down, NULL);
    run_until(loop, 3000, is_up, NULL);
    assert_int_equal(ups, 2);
    finish();
}

TEST(a_script_called_against_its_contract_stops_the_process)
{
    start();
    pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        struct wr_args args = {0};
        wr_arg_text(&args, "n");
        signal(SIGABRT, SIG_DFL);
        wr_redis_eval(redis, &add, &args, NULL, NULL);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    finish();
}
