#include "kafka.h"
#include "clock.h"
#include <unistd.h>
#define WR_GROUP_SETUP log_errors
#define WR_TEST_SETUP open_all
#define WR_TEST_TEARDOWN close_all
#include "kafka_cluster.h"

enum { BATCH = 10 };
static struct wr_consumer *consumer;
static struct wr_message batch[BATCH]; /* what was taken last */
static size_t batch_count;
static int readable;
static bool comes_again; /* a group that was lost may not have been told of all that was done */

static int open_all(void **state)
{
    batch_count = 0;
    comes_again = false;
    return open_cluster(state);
}

static int close_all(void **state)
{
    wr_consumer_close(consumer);
    consumer = NULL;
    return close_cluster(state);
}

static bool is_connected(void)
{
    return wr_consumer_connected(consumer);
}

static bool is_disconnected(void)
{
    return !is_connected();
}

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

static void done(bool worked)
{
    wr_consumer_done(consumer, worked);
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

/* What each partition has given so far; offsets are told to be in order. */
static int64_t next_offset[PARTITIONS];
static int seen[1000];

static void look(void)
{
    for (size_t i = 0; i < batch_count; i++) {
        char value[16] = "";
        const struct wr_message *m = &batch[i];
        assert_true(m->offset == next_offset[m->partition] ||
                    (comes_again && m->offset < next_offset[m->partition]));
        if (m->offset == next_offset[m->partition])
            next_offset[m->partition]++;
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

static void take_up_to(int count)
{
    while (taken_so_far() < count) {
        take();
        look();
        done(true);
    }
}

static void expect_each_once(int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(seen[i], 1);
}

TEST(every_message_comes_once_and_in_order_within_its_partition)
{
    produce_numbers(95);
    open_consumer("once");
    take_up_to(95);
    expect_each_once(95);
    assert_true(is_connected());
}

TEST(what_was_done_does_not_come_again_to_the_next_of_the_group)
{
    produce_numbers(60);
    open_consumer("next");
    take_up_to(30);
    reopen_consumer("next");
    take_up_to(60); /* goes on at the same offsets */
    expect_each_once(60);
}

TEST(what_was_taken_but_not_done_comes_again)
{
    produce_numbers(20);
    open_consumer("undone");
    take();
    done(false);
    reopen_consumer("undone");
    take_up_to(20); /* from offset 0 */
    expect_each_once(20);
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
    expect_each_once(200);
}

static int holds;
static bool (*held_until)(void);
static bool is_held(void)
{
    if (readable)
        readable = 0, holds++, wr_consumer_hold(consumer);
    return holds >= 3 && held_until();
}

static void hold(bool (*until)(void))
{
    held_until = until;
    holds = 0;
    readable = 1;
    assert_true(within(is_held, 15000));
}

TEST(who_holds_stays_informed_of_all_but_the_lag_and_then_goes_on)
{
    produce_numbers(60);
    open_consumer("hold");
    take_up_to(20);
    hold(is_connected);
    assert_int_equal(wr_consumer_lag(consumer), -1);
    rd_kafka_mock_broker_set_down(cluster, 1);
    hold(is_disconnected);
    rd_kafka_mock_broker_set_up(cluster, 1);
    hold(is_connected);
    take_up_to(60);
    expect_each_once(60);
    assert_int_equal(wr_consumer_jumps_back(consumer), 0);
}

static uint64_t session_ends_ms;
static bool session_is_over(void)
{
    return wr_mono_ms() > session_ends_ms;
}

TEST(who_holds_for_longer_than_its_session_lasts_reads_on_afterwards)
{
    produce_numbers(60);
    open_consumer("session");
    take_up_to(20);
    comes_again = true;
    rd_kafka_mock_broker_set_down(cluster, 1);
    hold(is_disconnected);
    session_ends_ms = wr_mono_ms() + 8000;
    hold(session_is_over);
    assert_int_equal(wr_consumer_take(consumer, batch, BATCH), 0); /* it need not hold any more, and has nothing */
    rd_kafka_mock_broker_set_up(cluster, 1);
    take_up_to(60);
}

TEST(who_holds_after_failed_work_goes_on_where_that_began)
{
    produce_numbers(60);
    open_consumer("hold-failed");
    for (int turn = 0; turn < 4; turn++) {
        take();
        done(false);
        if (turn % 2) { /* on its way back already */
            batch_count = wr_consumer_take(consumer, batch, BATCH);
            assert_int_equal(batch_count, 0);
        }
        hold(is_connected);
        take_up_to(15 * (turn + 1));
    }
    take_up_to(60);
    expect_each_once(60);
    assert_int_equal(wr_consumer_jumps_back(consumer), 0);
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

static bool fails_on(void)
{
    if (readable)
        readable = 0, batch_count = wr_consumer_take(consumer, batch, BATCH);
    if (batch_count)
        done(false);
    batch_count = 0;
    return wr_consumer_lag(consumer) == lag_expected && wr_consumer_stalled_ms(consumer) >= 100;
}

TEST(lag_falls_to_nothing_and_is_known_to_the_next_of_the_group)
{
    produce_numbers(40);
    open_consumer("lag");
    assert_int_equal(wr_consumer_lag(consumer), -1);
    lag_expected = 40;
    assert_true(within(fails_on, 15000));
    lag_expected = 0;
    assert_true(within(lag_is_it, 15000));
    assert_int_equal(wr_consumer_stalled_ms(consumer), 0);
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
    hold(is_disconnected);
    open_producer(0);
    send_numbers(20, 40);
    rd_kafka_mock_broker_set_up(cluster, 1);
    expect_reports(40, 10000);
    take_up_to(40);
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
