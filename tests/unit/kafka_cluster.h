/* kafka_cluster.h - librdkafka's own mock cluster, whose brokers can be taken down and made to refuse, with a
 * producer that counts the outcomes of what it sent. Around each test: open_cluster(), close_cluster(); around
 * all of them: log_errors(). */
#ifndef WR_TEST_KAFKA_CLUSTER_H
#define WR_TEST_KAFKA_CLUSTER_H
#include "test.h"
#include "kafka.h"
#include "log.h"
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { PARTITIONS = 2 };
static rd_kafka_t *host; /* the instance that the mock cluster lives in */
static rd_kafka_mock_cluster_t *cluster;
static struct wr_loop *loop;
static struct wr_producer *producer;
static const char *bootstrap;
static int outcomes[WR_ERR_COUNT], outcome_count; /* of what was sent */

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

static int log_errors(void **state) /* once: threads that a test leaves behind still log */
{
    (void)state;
    wr_log_open(WR_LOG_ERROR, program_invocation_short_name);
    return 0;
}

static int open_cluster(void **state)
{
    (void)state;
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof why);
    rd_kafka_conf_set_log_cb(conf, NULL);
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    cluster = rd_kafka_handle_mock_cluster(host);
    rd_kafka_mock_topic_create(cluster, "orders", PARTITIONS, 1);
    bootstrap = rd_kafka_mock_cluster_bootstraps(cluster);
    memset(outcomes, 0, sizeof outcomes);
    outcome_count = 0;
    return wr_loop_open(&loop);
}

static int close_cluster(void **state)
{
    (void)state;
    wr_producer_close(producer);
    producer = NULL;
    assert_true(wr_loop_close(loop, 2000));
    rd_kafka_destroy(host);
    return 0;
}

/* ---- sending ---- */

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

#endif
