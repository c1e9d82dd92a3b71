#include "kafka_stats.h"
#include "test.h"

static struct wr_kafka_stats read_text(const char *text)
{
    return wr_kafka_stats(text, strlen(text), "orders");
}

#define PART(name, state, lo, hi, committed, stored)                                                         \
    "\"" name "\":{\"fetch_state\":\"" state "\",\"lo_offset\":" lo ",\"hi_offset\":" hi                     \
    ",\"committed_offset\":" committed ",\"stored_offset\":" stored "}"
#define TOPIC(parts) "{\"topics\":{\"orders\":{\"partitions\":{" parts "}}}}"

TEST(one_broker_that_is_up_is_enough)
{
    assert_true(read_text("{\"brokers\":{\"a\":{\"state\":\"DOWN\"},\"b\":{\"state\":\"UP\"}}}").connected);
    assert_false(read_text("{\"brokers\":{\"a\":{\"state\":\"CONNECT\"}}}").connected);
    assert_false(read_text("{\"brokers\":{}}").connected);
}

TEST(lag_is_what_lies_behind_the_newest_offset_known)
{
    assert_int_equal(read_text(TOPIC(PART("0", "active", "0", "10", "-1001", "-1001"))).lag, 10);
    assert_int_equal(read_text(TOPIC(PART("0", "active", "4", "10", "-1001", "-1001"))).lag, 6);
    assert_int_equal(read_text(TOPIC(PART("0", "active", "4", "10", "7", "-1001"))).lag, 3);
    assert_int_equal(read_text(TOPIC(PART("0", "active", "4", "10", "7", "9"))).lag, 1);
    assert_int_equal(read_text(TOPIC(PART("0", "active", "4", "10", "7", "11"))).lag, 0);
    assert_int_equal(read_text(TOPIC(PART("0", "active", "-1001", "0", "-1001", "-1001"))).lag, 0);
}

TEST(lag_adds_up_over_the_partitions_that_are_read)
{
    assert_int_equal(
        read_text(TOPIC(PART("0", "active", "0", "10", "4", "4") "," PART(
                      "1", "none", "0", "90", "0", "0") "," PART("2", "active", "0", "5", "5", "-1001")))
            .lag,
        6);
}

TEST(lag_is_unknown_while_an_end_is_unknown_or_nothing_is_read)
{
    assert_int_equal(read_text(TOPIC(PART("0", "active", "0", "10", "4",
                                          "4") "," PART("1", "active", "-1001", "-1001", "-1001", "-1001")))
                         .lag,
                     -1);
    assert_int_equal(read_text(TOPIC(PART("0", "none", "0", "10", "4", "4"))).lag, -1);
    assert_int_equal(read_text("{\"topics\":{}}").lag, -1);
    assert_int_equal(read_text("not json").lag, -1);
}
