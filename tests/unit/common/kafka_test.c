/* Against librdkafka's own mock cluster, whose brokers can be taken down and made to refuse. */
#include "kafka.h"
#include "clock.h"
#include "log.h"
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <unistd.h>
#define WR_TEST_SETUP open_all
#define WR_TEST_TEARDOWN close_all
#include "test.h"

enum { PARTITIONS = 2, BATCH = 10 };
static rd_kafka_t *host; /* the instance that the mock cluster lives in */
static rd_kafka_mock_cluster_t *cluster;
static struct wr_loop *loop;
static struct wr_producer *producer;
static struct wr_consumer *consumer;
static const char *bootstrap;
static int outcomes[WR_ERR_COUNT], outcome_count; /* of what was sent */
static struct wr_message batch[BATCH];            /* what was taken last */
static size_t batch_count;
static int readable;

/* ---- waiting ---- */

static bool (*condition)(void);
static bool late;

static void on_check(void *ctx)
{
    (void)ctx;
    if (condition())
        wr_loop_stop(loop);
}

static void on_late(void *ctx)
{
    (void)ctx;
    late = true;
    wr_loop_stop(loop);
}

static bool within(bool (*is_so)(void), uint64_t limit_ms)
{
    struct wr_timer *check = wr_timer_new(loop, on_check, NULL), *limit = wr_timer_new(loop, on_late, NULL);
    condition = is_so;
    late = false;
    wr_timer_start(check, 5, 5);
    wr_timer_start(limit, limit_ms, 0);
    wr_loop_run(loop);
    wr_timer_free(check);
    wr_timer_free(limit);
    return !late;
}

static int open_all(void **state)
{
    (void)state;
    char why[256];
    wr_log_open(WR_LOG_ERROR, "kafka_test");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof why);
    rd_kafka_conf_set_log_cb(conf, NULL);
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    cluster = rd_kafka_handle_mock_cluster(host);
    rd_kafka_mock_topic_create(cluster, "orders", PARTITIONS, 1);
    bootstrap = rd_kafka_mock_cluster_bootstraps(cluster);
    memset(outcomes, 0, sizeof outcomes);
    outcome_count = 0;
    batch_count = 0;
    return wr_loop_open(&loop);
}

static int close_all(void **state)
{
    (void)state;
    wr_producer_close(producer);
    wr_consumer_close(consumer);
    producer = NULL;
    consumer = NULL;
    assert_true(wr_loop_close(loop, 2000));
    rd_kafka_destroy(host);
    return 0;
}

/* ---- producer ---- */

static void on_delivered(void *ctx, enum wr_err err)
{
    int *calls = ctx;
    if (calls)
        ++*calls;
    outcomes[err]++;
    outcome_count++;
}

static void open_producer(int in_flight_max)
{
    const struct wr_producer_config config = {
        .bootstrap = bootstrap, .client_id = "test", .in_flight_max = in_flight_max};
    assert_int_equal(wr_producer_open(&producer, loop, &config), WR_OK);
}

static enum wr_err send_text(const char *key, const char *value, int *calls)
{
    return wr_producer_send(producer, "orders", key, value, strlen(value), on_delivered, calls);
}

static void send_numbers(int from, int to)
{
    char key[16], value[16];
    for (int i = from; i < to; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        snprintf(value, sizeof value, "%d", i);
        assert_int_equal(send_text(key, value, NULL), WR_OK);
    }
}

static int expected;
static bool all_reported(void)
{
    return outcome_count >= expected;
}

static void expect_reports(int count, uint64_t limit_ms)
{
    expected = count;
    assert_true(within(all_reported, limit_ms));
    assert_int_equal(outcome_count, count);
}

static bool is_connected(void)
{
    return producer ? wr_producer_connected(producer) : wr_consumer_connected(consumer);
}

static bool is_disconnected(void)
{
    return !is_connected();
}

TEST(what_is_sent_is_reported_once_each)
{
    int calls[200] = {0};
    open_producer(0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(send_text("key", "value", &calls[i]), WR_OK);
    assert_int_equal(outcome_count, 0); /* never from inside the call */
    expect_reports(200, 5000);
    assert_int_equal(outcomes[WR_OK], 200);
    for (int i = 0; i < 200; i++)
        assert_int_equal(calls[i], 1);
    assert_true(within(is_connected, 3000));
}

TEST(what_is_under_way_is_bounded)
{
    open_producer(3);
    rd_kafka_mock_broker_set_down(cluster, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_text("key", "value", NULL), WR_OK);
    assert_int_equal(send_text("key", "value", NULL), WR_ERR_BUSY);
    rd_kafka_mock_broker_set_up(cluster, 1);
    expect_reports(3, 10000);
    assert_int_equal(send_text("key", "value", NULL), WR_OK);
    expect_reports(4, 5000);
}

TEST(a_message_that_no_broker_would_take_is_refused)
{
    static char large[2000000];
    open_producer(0);
    assert_int_equal(wr_producer_send(producer, "orders", "k", large, sizeof large, on_delivered, NULL),
                     WR_ERR_BACKEND);
    const rd_kafka_resp_err_t too_large = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    rd_kafka_mock_push_request_errors_array(cluster, 0 /* Produce */, 1, &too_large);
    assert_int_equal(send_text("key", "value", NULL), WR_OK);
    expect_reports(1, 5000);
    assert_int_equal(outcomes[WR_ERR_BACKEND], 1);
}

TEST(while_the_broker_is_down_messages_wait_and_arrive)
{
    open_producer(0);
    assert_true(within(is_connected, 5000));
    rd_kafka_mock_broker_set_down(cluster, 1);
    send_numbers(0, 50);
    assert_true(within(is_disconnected, 5000));
    assert_int_equal(outcome_count, 0);
    rd_kafka_mock_broker_set_up(cluster, 1);
    expect_reports(50, 10000);
    assert_int_equal(outcomes[WR_OK], 50);
    assert_true(within(is_connected, 5000));
}

static int renewals;
static bool is_renewed(void)
{
    return wr_producer_recreated(producer) == renewals;
}

static bool takes_again(void)
{
    enum wr_err err = send_text("key", "value", NULL);
    assert_true(err == WR_OK || err == WR_ERR_BACKEND);
    return err == WR_OK;
}

TEST(a_fatal_error_leaves_no_message_without_an_outcome_and_it_goes_on)
{
    open_producer(0);
    assert_true(within(is_connected, 5000));
    for (renewals = 1; renewals <= 4; renewals++) { /* the library races with us for who reports first */
        int before = outcome_count, delivered = outcomes[WR_OK];
        rd_kafka_mock_broker_set_down(cluster, 1);
        send_numbers(0, 20);
        wr_producer_break(producer);
        assert_true(within(is_renewed, 3000));
        expect_reports(before + 20, 3000);
        assert_int_equal(outcomes[WR_OK], delivered);
        rd_kafka_mock_broker_set_up(cluster, 1);
        assert_true(within(takes_again, 3000));
        expect_reports(before + 21, 10000);
        assert_int_equal(outcomes[WR_OK], delivered + 1);
    }
}

TEST(closing_waits_briefly_for_what_is_under_way)
{
    open_producer(0);
    assert_true(within(is_connected, 5000));
    send_numbers(0, 100);
    wr_producer_close(producer);
    producer = NULL;
    assert_int_equal(outcomes[WR_OK], 100);
}

TEST(closing_without_a_broker_is_bounded_and_the_outcome_unknown)
{
    open_producer(0);
    rd_kafka_mock_broker_set_down(cluster, 1);
    send_numbers(0, 5);
    uint64_t start = wr_mono_ms();
    wr_producer_close(producer);
    producer = NULL;
    assert_in_range(wr_mono_ms() - start, 1900, 6500);
    assert_int_equal(outcomes[WR_ERR_NO_ANSWER], 5);
}

TEST(a_message_that_never_left_is_refused_after_half_a_minute)
{
    open_producer(0);
    rd_kafka_mock_broker_set_down(cluster, 1);
    uint64_t start = wr_mono_ms();
    send_numbers(0, 1);
    expect_reports(1, 40000);
    assert_in_range(wr_mono_ms() - start, 29000, 35000);
    assert_int_equal(outcomes[WR_ERR_BACKEND], 1);
}

/* ---- consumer ---- */

static void on_readable(void *ctx)
{
    (void)ctx;
    readable++;
}

static void open_consumer(const char *group)
{
    const struct wr_consumer_config config = {.bootstrap = bootstrap,
                                              .group = group,
                                              .topic = "orders",
                                              .client_id = "test",
                                              .on_readable = on_readable};
    assert_int_equal(wr_consumer_open(&consumer, loop, &config), WR_OK);
}

static void reopen_consumer(const char *group)
{
    wr_consumer_close(consumer);
    open_consumer(group);
}

static bool takes_some(void)
{
    if (!readable)
        return false;
    readable = 0;
    batch_count = wr_consumer_take(consumer, batch, BATCH);
    return batch_count > 0;
}

static void take(void)
{
    readable = 1;
    assert_true(within(takes_some, 15000)); /* the mock's group lets a first member wait for 3 s */
}

static void done(bool worked)
{
    wr_consumer_done(consumer, batch, batch_count, worked);
}

/* What each partition has given so far; offsets are told to be in order. */
static int64_t next_offset[PARTITIONS];
static int seen[1000];

static void look(void)
{
    for (size_t i = 0; i < batch_count; i++) {
        char value[16] = "";
        const struct wr_message *m = &batch[i];
        assert_int_equal(m->offset, next_offset[m->partition]++);
        assert_true(m->len < sizeof value && m->key_len > 4 && !memcmp(m->key, "key-", 4));
        memcpy(value, m->value, m->len);
        seen[atoi(value)]++;
    }
}

static void forget(void)
{
    memset(next_offset, 0, sizeof next_offset);
    memset(seen, 0, sizeof seen);
}

static void produce_numbers(int count)
{
    open_producer(0);
    send_numbers(0, count);
    expect_reports(count, 10000);
    wr_producer_close(producer);
    producer = NULL;
    forget();
}

static int64_t taken_so_far(void)
{
    return next_offset[0] + next_offset[1];
}

TEST(every_message_comes_once_and_in_order_within_its_partition)
{
    produce_numbers(95);
    open_consumer("once");
    while (taken_so_far() < 95) {
        take();
        look();
        done(true);
    }
    for (int i = 0; i < 95; i++)
        assert_int_equal(seen[i], 1);
    assert_true(is_connected());
}

TEST(what_was_done_does_not_come_again_to_the_next_of_the_group)
{
    produce_numbers(60);
    open_consumer("next");
    while (taken_so_far() < 30) {
        take();
        look();
        done(true);
    }
    reopen_consumer("next");
    while (taken_so_far() < 60) {
        take();
        look(); /* goes on at the same offsets */
        done(true);
    }
    for (int i = 0; i < 60; i++)
        assert_int_equal(seen[i], 1);
}

TEST(what_was_taken_but_not_done_comes_again)
{
    produce_numbers(20);
    open_consumer("undone");
    take();
    reopen_consumer("undone");
    while (taken_so_far() < 20) {
        take();
        look(); /* from offset 0 */
        done(true);
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(seen[i], 1);
}

TEST(failed_work_comes_again_before_anything_behind_it)
{
    produce_numbers(200);
    open_consumer("failed");
    for (int failures = 0; taken_so_far() < 200;) {
        int64_t before[PARTITIONS];
        memcpy(before, next_offset, sizeof before);
        take();
        look();
        bool fails = failures < 8 && taken_so_far() > 20 * failures;
        if (fails) {
            memcpy(next_offset, before, sizeof before);
            for (size_t i = 0; i < batch_count; i++)
                seen[strtol(batch[i].value, NULL, 10)]--;
            failures++;
        }
        done(!fails);
    }
    for (int i = 0; i < 200; i++)
        assert_int_equal(seen[i], 1);
}

static int64_t lag_expected;
static bool lag_is_it(void)
{
    if (readable) /* statistics come the same way as messages */
        readable = 0, batch_count = wr_consumer_take(consumer, batch, BATCH);
    if (batch_count) {
        done(true);
        batch_count = 0;
    }
    return wr_consumer_lag(consumer) == lag_expected;
}

TEST(lag_falls_to_nothing_and_is_known_to_the_next_of_the_group)
{
    produce_numbers(40);
    open_consumer("lag");
    assert_int_equal(wr_consumer_lag(consumer), -1);
    lag_expected = 0;
    assert_true(within(lag_is_it, 15000));
    reopen_consumer("lag");
    assert_true(within(lag_is_it, 15000)); /* although it took nothing */
}

TEST(a_consumer_outlives_its_broker)
{
    produce_numbers(20);
    open_consumer("outlive");
    take();
    look();
    done(true);
    rd_kafka_mock_broker_set_down(cluster, 1);
    open_producer(0);
    send_numbers(20, 40);
    assert_true(within(is_disconnected, 5000));
    rd_kafka_mock_broker_set_up(cluster, 1);
    expect_reports(40, 10000);
    while (taken_so_far() < 40) {
        take();
        look();
        done(true);
    }
}

TEST(closing_a_consumer_without_a_broker_is_bounded)
{
    produce_numbers(20);
    open_consumer("close");
    take();
    look();
    done(true);
    rd_kafka_mock_broker_set_down(cluster, 1);
    uint64_t start = wr_mono_ms();
    wr_consumer_close(consumer);
    consumer = NULL;
    assert_true(wr_mono_ms() - start < 6000);
    wr_consumer_close(NULL);
    wr_producer_close(NULL);
}

TEST(a_real_broker_works_alike)
{
    bootstrap = getenv("KAFKA_BOOTSTRAP");
    if (!bootstrap || !*bootstrap)
        skip();
    char group[40], key[40], mark[80];
    snprintf(group, sizeof group, "test-%d-%lld", (int)getpid(), (long long)wr_wall_ms());
    open_producer(0);
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        snprintf(mark, sizeof mark, "%s/%d", group, i);
        assert_int_equal(
            wr_producer_send(producer, "test.orders", key, mark, strlen(mark), on_delivered, NULL), WR_OK);
    }
    expect_reports(300, 20000);
    assert_int_equal(outcomes[WR_OK], 300);
    const struct wr_consumer_config config = {.bootstrap = bootstrap,
                                              .group = group,
                                              .topic = "test.orders",
                                              .client_id = "test",
                                              .on_readable = on_readable};
    assert_int_equal(wr_consumer_open(&consumer, loop, &config), WR_OK);
    forget();
    for (int mine = 0, turn = 0; mine < 300; turn++) {
        take();
        bool fails = turn % 7 == 3;
        for (size_t i = 0; i < batch_count && !fails; i++) {
            size_t n = strlen(group);
            if (batch[i].len <= n || memcmp(batch[i].value, group, n) != 0)
                continue; /* of an earlier run */
            memcpy(mark, batch[i].value, batch[i].len);
            mark[batch[i].len] = '\0';
            assert_int_equal(++seen[atoi(mark + n + 1)], 1);
            mine++;
        }
        done(!fails);
    }
    batch_count = 0;
    lag_expected = 0;
    assert_true(within(lag_is_it, 15000));
}
