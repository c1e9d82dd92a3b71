#include "test.h"
#include "pace.h"

TEST(positions_come_often_near_the_front_and_rarely_far_back)
{
    assert_true(pace_position_s(0, 0) == 1);
    assert_true(pace_position_s(100, 100) == 5);
    assert_true(pace_position_s(1e9, 100) == 15);
    assert_true(pace_position_s(20, 7000) == 7); /* a line that is short in time, and long */
    assert_true(pace_position_s(20, 50000) == 15);
}

TEST(nobody_waits_longer_than_fifteen_seconds_for_what_everybody_is_told)
{
    assert_int_equal(pace_everybody_ms(0), 1000);
    assert_int_equal(pace_everybody_ms(8000), 9000);
    assert_int_equal(pace_everybody_ms(14000), 15000);
    assert_int_equal(pace_everybody_ms(1000000), 15000);
}
