#include "test.h"
#include "climb.h"

TEST(the_rate_is_taken_between_the_first_and_the_last_look_that_saw_it_rise)
{
    struct climb climb = {0};
    climb_look(&climb, 1000, 500); /* what was counted before is nobody's */
    climb_look(&climb, 9000, 500); /* nobody comes for a while */
    climb_look(&climb, 9100, 540); /* since when in these 100 ms? */
    climb_look(&climb, 9600, 590);
    climb_look(&climb, 10100, 640);
    climb_look(&climb, 60000, 640); /* nobody comes any more */
    assert_int_equal(climb.looks, 6);
    assert_float_equal(climb_seconds(&climb), 1, 1e-9);
    assert_float_equal(climb_per_s(&climb), 100, 1e-9);
}

TEST(a_counter_that_rose_in_one_look_or_never_has_no_rate)
{
    struct climb climb = {0};
    assert_float_equal(climb_per_s(&climb), 0, 0);
    climb_look(&climb, 1000, 5);
    climb_look(&climb, 1100, 5);
    assert_float_equal(climb_per_s(&climb), 0, 0);
    climb_look(&climb, 1200, 9);
    climb_look(&climb, 1300, 9);
    assert_float_equal(climb_per_s(&climb), 0, 0);
}
