#include "kafka.h"
#include "clock.h"
#define WR_GROUP_SETUP log_errors
#define WR_TEST_SETUP open_cluster
#define WR_TEST_TEARDOWN close_cluster
#include "kafka_cluster.h"

static bool is_connected(void)
{
    return wr_producer_connected(producer);
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
        const rd_kafka_resp_err_t errors[] = {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                              RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER};
        rd_kafka_mock_broker_set_down(cluster, 1); /* so that all of them are sent together */
        assert_true(within(is_disconnected, 5000));
        send_numbers(0, 20);
        rd_kafka_mock_push_request_errors_array(cluster, 0 /* Produce */, sizeof errors / sizeof *errors,
                                                errors);
        rd_kafka_mock_broker_set_up(cluster, 1);
        assert_true(within(is_renewed, 3000));
        rd_kafka_mock_clear_request_errors(cluster, 0);
        expect_reports(before + 20, 3000);
        assert_int_equal(outcomes[WR_OK], delivered);
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
    assert_in_range(wr_mono_ms() - start, 1400, 5000);
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
