#include "test.h"
#include "estimate.h"

TEST(the_wait_is_told_as_a_range_around_ahead_times_yield_over_rate)
{
    struct estimate e;
    assert_true(estimate_wait(1000, 0.5, 600, &e)); /* T0 = 500 / 10 = 50 s; slack 2.1 s */
    assert_int_equal(e.low_s, 37);
    assert_int_equal(e.high_s, 63);
}

TEST(at_the_front_the_range_starts_at_zero)
{
    struct estimate e;
    assert_true(estimate_wait(0, 1, 60, &e));
    assert_int_equal(e.low_s, 0);
    assert_int_equal(e.high_s, 3);
}

TEST(a_slow_drip_says_so_with_a_wide_range)
{
    struct estimate e;
    assert_true(estimate_wait(2, 1, 1, &e)); /* one a minute: T0 = 120, slack 62 */
    assert_int_equal(e.low_s, 34);
    assert_int_equal(e.high_s, 206);
}

TEST(a_drip_that_is_shut_tells_nothing)
{
    struct estimate e;
    assert_false(estimate_wait(10, 1, 0, &e));
}
