#include "test.h"
#include "kafka_positions.h"

TEST(going_on_is_no_going_back_in_any_partition)
{
    struct wr_kafka_positions p = {0};
    assert_false(wr_kafka_positions_went_back(&p, 5, 0));
    for (int64_t offset = 100; offset < 110; offset++) {
        assert_false(wr_kafka_positions_went_back(&p, 5, offset));
        assert_false(wr_kafka_positions_went_back(&p, 0, offset - 100));
        wr_kafka_positions_done(&p, 5, offset);
    }
    assert_false(wr_kafka_positions_went_back(&p, 5, 200)); /* a gap is another matter */
    wr_kafka_positions_free(&p);
}

TEST(what_failed_may_come_again)
{
    struct wr_kafka_positions p = {0};
    wr_kafka_positions_done(&p, 0, 9);
    for (int again = 0; again < 3; again++)
        assert_false(wr_kafka_positions_went_back(&p, 0, 10)); /* taken, and never done */
    wr_kafka_positions_free(&p);
}

TEST(going_back_is_said_once)
{
    struct wr_kafka_positions p = {0};
    wr_kafka_positions_done(&p, 1, 99);
    assert_true(wr_kafka_positions_went_back(&p, 1, 40));
    for (int64_t offset = 40; offset < 100; offset++)
        assert_false(wr_kafka_positions_went_back(&p, 1, offset));
    wr_kafka_positions_done(&p, 1, 99);
    assert_true(wr_kafka_positions_went_back(&p, 1, 0));
    wr_kafka_positions_free(&p);
}
