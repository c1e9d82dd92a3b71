#include "sales.h"
#include "redis_server.h"

static struct redis_server server;
static struct wr_loop *loop;
static struct wr_redis *redis;
static struct wr_sales *sales;
static int changes, gone;
static struct wr_sale last;

static void on_change(void *ctx, const struct wr_sale *sale)
{
    (void)ctx;
    changes++;
    last = *sale;
}

static void on_gone(void *ctx, const char *sale)
{
    (void)ctx;
    assert_string_equal(sale, "shoes");
    gone++;
}

static bool is_up(void *ctx)
{
    (void)ctx;
    return wr_redis_connected(redis);
}

static int answers;
static void on_answer(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    (void)ctx;
    (void)reply;
    assert_int_equal(err, WR_OK);
    answers++;
}

static bool answered(void *ctx)
{
    return answers >= (int)(intptr_t)ctx;
}

static void set_line(const char *field, const char *value)
{
    int then = answers + 1;
    wr_redis_commandv(redis, on_answer, NULL, "HSET", "wr:{shoes}:line", field, value, NULL);
    run_until(loop, 3000, answered, (void *)(intptr_t)then);
}

static const char document[] =
    "{\"id\":\"shoes\",\"run\":7,\"deal\":2,\"version\":1,\"title\":\"Shoes\",\"currency\":\"EUR\",\"starts_"
    "at\":1000,"
    "\"ends_at\":9000,\"per_shopper\":2,\"hold_s\":60,\"admission_s\":600,\"checkout_url\":\"\",\"shards\":1,"
    "\"skus\":[{\"sku\":\"red\",\"name\":\"Red\",\"unit_price\":100,\"total\":5},"
    "{\"sku\":\"blue\",\"name\":\"Blue\",\"unit_price\":200,\"total\":6}]}";

static void publish(const char *text, const char *version)
{
    int then = answers + 3;
    wr_redis_commandv(redis, on_answer, NULL, "SET", "wr:{shoes}:sale", text, NULL);
    wr_redis_commandv(redis, on_answer, NULL, "HSET", "wr:{shoes}:line", "run", "7", "gen", "3", "run_id",
                      wr_redis_run_id(redis), "phase", "live", "mode", "queue", "message", "hello", "rate",
                      "600", "left", "11", "called", "40", "clock", "123456", "time", "0", "counter", "90",
                      "front", "33", "version", version, "table_version", "4", NULL);
    wr_redis_commandv(redis, on_answer, NULL, "SADD", "wr:sales", "shoes", NULL);
    run_until(loop, 3000, answered, (void *)(intptr_t)then);
}

static bool is_known(void *ctx)
{
    (void)ctx;
    return wr_sales_find(sales, "shoes") != NULL;
}

static void start(void)
{
    changes = gone = answers = 0;
    redis_server_start(&server);
    assert_int_equal(wr_loop_open(&loop), WR_OK);
    struct wr_redis_config config = {.address = server.address};
    assert_int_equal(wr_redis_open(&redis, loop, &config), WR_OK);
    run_until(loop, 3000, is_up, NULL);
    struct wr_sales_config watched = {.redis = redis, .on_change = on_change, .on_gone = on_gone};
    sales = wr_sales_open(loop, &watched);
}

static void start_published(void)
{
    start();
    publish(document, "1");
    run_until(loop, 3000, is_known, NULL);
}

static void finish(void)
{
    wr_sales_close(sales);
    wr_redis_close(redis);
    assert_true(wr_loop_close(loop, 1000));
    redis_server_remove(&server);
}

TEST(a_published_sale_is_known_with_its_line_and_document)
{
    start();
    assert_null(wr_sales_find(sales, "shoes"));
    assert_int_equal(wr_sales_missing(sales),
                     WR_ERR_CLOSED); /* nothing was read yet: no reason to call it unknown */
    publish(document, "1");
    run_until(loop, 3000, is_known, NULL);
    const struct wr_sale *sale = wr_sales_find(sales, "shoes");
    assert_false(sale->closed);
    assert_int_equal(sale->run, 7);
    assert_int_equal(sale->gen, 3);
    assert_int_equal(sale->deal, 2);
    assert_int_equal(sale->version, 1);
    assert_int_equal(sale->table_version, 4);
    assert_string_equal(wr_phase_name(sale->phase), "live");
    assert_string_equal(wr_mode_name(sale->mode), "queue");
    assert_string_equal(sale->message, "hello");
    assert_int_equal(sale->rate_per_minute, 600);
    assert_int_equal(sale->left, 11);
    assert_int_equal(sale->called, 40);
    assert_int_equal(sale->clock, 123456); /* last advanced in 1970: a leap counts as nothing */
    assert_int_equal(sale->counter, 90);
    assert_int_equal(sale->front, 33);
    assert_int_equal(sale->per_shopper, 2);
    assert_int_equal(sale->document_len, strlen(document));
    assert_true(wr_sale_has_sku(sale, "blue"));
    assert_false(wr_sale_has_sku(sale, "green"));
    assert_int_equal(changes, 1);
    finish();
}

static bool is_fresh(void *ctx)
{
    (void)ctx;
    return wr_sales_fresh(sales);
}

static bool is_stale(void *ctx)
{
    (void)ctx;
    return !wr_sales_fresh(sales);
}

TEST(a_phase_and_a_mode_are_known_by_their_names_and_what_is_none_admits_nobody)
{
    enum wr_phase phase;
    enum wr_mode mode;
    assert_true(wr_phase_parse("sold_out", &phase));
    assert_int_equal(phase, WR_PHASE_SOLD_OUT);
    assert_true(wr_mode_parse("passthrough", &mode));
    assert_int_equal(mode, WR_MODE_PASSTHROUGH);
    assert_false(wr_phase_parse("over", &phase));
    assert_int_equal(phase, WR_PHASE_SCHEDULED);
    assert_false(wr_mode_parse("", &mode));
    assert_int_equal(mode, WR_MODE_HOLD);
}

TEST(a_whole_read_makes_it_fresh_and_two_seconds_without_one_close_every_sale)
{
    start_published();
    run_until(loop, 3000, is_fresh, NULL);
    assert_int_equal(wr_sales_missing(sales), WR_ERR_UNKNOWN_SALE);
    kill(server.pid, SIGSTOP);
    assert_false(wr_sales_find(sales, "shoes")->closed);
    run_until(loop, 4000, is_stale, NULL);
    assert_true(wr_sales_find(sales, "shoes")->closed);
    kill(server.pid, SIGCONT);
    run_until(loop, 4000, is_fresh, NULL);
    assert_false(wr_sales_find(sales, "shoes")->closed);
    finish();
}

static bool is_closed_now(void *ctx)
{
    (void)ctx;
    return wr_sales_find(sales, "shoes")->closed;
}

static bool change_is(void *ctx)
{
    return changes == (int)(intptr_t)ctx;
}

TEST(each_change_a_caller_may_act_on_is_told_once)
{
    start_published();
    set_line("phase", "sold_out");
    run_until(loop, 3000, change_is, (void *)2);
    assert_int_equal(last.phase, WR_PHASE_SOLD_OUT);
    set_line("mode", "hold");
    run_until(loop, 3000, change_is, (void *)3);
    set_line("message", "");
    run_until(loop, 3000, change_is, (void *)4);
    set_line("left", "-1");
    run_until(loop, 3000, change_is, (void *)5);
    assert_int_equal(last.left, -1);
    set_line("called", "99");
    set_line("gen", "4");
    run_until(loop, 3000, change_is, (void *)6);
    assert_int_equal(last.called, 99);
    finish();
}

TEST(what_was_not_counted_yet_is_not_said_to_be_nothing)
{
    start_published();
    set_line("left_at", "0");
    set_line("left", "0");
    run_until(loop, 3000, change_is, (void *)2);
    assert_int_equal(last.left, -2);
    set_line("left_at", "123456");
    run_until(loop, 3000, change_is, (void *)3);
    assert_int_equal(last.left, 0);
    set_line("left_at", "0"); /* a generation has opened: that it was sold out is still the best that is known */
    set_line("phase", "sold_out");
    run_until(loop, 3000, change_is, (void *)4);
    assert_int_equal(last.left, 0);
    set_line("phase", "ended");
    run_until(loop, 3000, change_is, (void *)5);
    assert_int_equal(last.left, 0);
    finish();
}

TEST(a_new_version_brings_its_document_and_a_broken_one_leaves_the_old)
{
    start_published();
    char text[sizeof document];
    strcpy(text, document);
    memcpy(strstr(text, "\"blue\""), "\"grey\"", 6);
    publish(text, "2");
    run_until(loop, 3000, change_is, (void *)2);
    assert_true(wr_sale_has_sku(&last, "grey"));
    assert_false(wr_sale_has_sku(&last, "blue"));
    memcpy(strstr(text, "\"EUR\""), "[\"E\"]", 5); /* what is not kept must be good, too */
    publish(text, "3");
    run_until(loop, 4000, is_closed_now, NULL); /* what is known grows old */
    assert_true(wr_sale_has_sku(wr_sales_find(sales, "shoes"), "grey"));
    assert_int_equal(wr_sales_find(sales, "shoes")->version, 2);
    finish();
}

static bool told_open(void *ctx)
{
    (void)ctx;
    return !last.closed;
}

TEST(a_line_that_belongs_to_another_redis_process_is_closed_until_it_says_ours)
{
    start_published();
    set_line("run_id", "0000000000000000000000000000000000000000");
    run_until(loop, 3000, is_closed_now, NULL);
    run_until(loop, 3000, change_is, (void *)2);
    assert_true(last.closed);
    set_line("run_id", wr_redis_run_id(redis));
    run_until(loop, 3000, told_open, NULL);
    finish();
}

static bool is_later(void *ctx)
{
    return wr_mono_ms() > *(uint64_t *)ctx;
}

static bool is_gone(void *ctx)
{
    (void)ctx;
    return gone == 1;
}

TEST(a_withdrawn_sale_is_told_and_forgotten)
{
    start_published();
    wr_redis_commandv(redis, on_answer, NULL, "SREM", "wr:sales", "shoes", NULL);
    wr_redis_commandv(redis, on_answer, NULL, "DEL", "wr:{shoes}:line", NULL);
    set_line("withdrawn", "1");
    run_until(loop, 3000, is_gone, NULL);
    assert_null(wr_sales_find(sales, "shoes"));
    finish();
}

static bool told_closed(void *ctx)
{
    (void)ctx;
    return last.closed;
}

TEST(a_wiped_redis_closes_every_sale_at_once_and_loses_none)
{
    start_published();
    uint64_t began = wr_mono_ms();
    wr_redis_commandv(redis, on_answer, NULL, "FLUSHALL", NULL);
    run_until(loop, 3000, told_closed, NULL);
    assert_in_range(wr_mono_ms() - began, 0, 1900); /* it did not have to grow old */
    uint64_t rounds_later = wr_mono_ms() + 1000;
    run_until(loop, 3000, is_later, &rounds_later);
    assert_true(wr_sales_find(sales, "shoes")->closed);
    assert_true(wr_sales_fresh(sales));
    publish(document, "1");
    run_until(loop, 3000, told_open, NULL);
    assert_int_equal(gone, 0);
    finish();
}

TEST(a_listed_id_that_is_no_sale_is_ignored)
{
    start_published();
    int then = answers + 1;
    wr_redis_commandv(redis, on_answer, NULL, "SADD", "wr:sales", "../x", "half-made", "", NULL);
    run_until(loop, 3000, answered, (void *)(intptr_t)then);
    set_line("front", "34");
    run_until(loop, 3000, is_fresh, NULL);
    assert_null(wr_sales_find(sales, "half-made"));
    assert_non_null(wr_sales_find(sales, "shoes"));
    finish();
}

TEST(closing_with_a_look_under_way_is_harmless)
{
    start_published();
    kill(server.pid, SIGSTOP);
    uint64_t next_round = wr_mono_ms() + 400;
    run_until(loop, 1000, is_later, &next_round);
    assert_true(wr_redis_connected(redis)); /* so the look still waits for its answer */
    finish();
}
