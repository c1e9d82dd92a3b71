#include "test.h"
#include "backoff.h"

TEST(it_doubles_up_to_the_cap_and_half_of_it_is_random)
{
    static const uint64_t expected[] = {100, 200, 400, 800, 1000, 1000};
    for (int64_t attempt = 1; attempt <= 6; attempt++) {
        uint64_t d = expected[attempt - 1];
        for (uint32_t random = 0; random < 5000; random += 7) {
            uint64_t ms = wr_backoff_ms(attempt, 100, 1000, random);
            assert_true(ms >= d / 2 && ms <= d);
        }
        assert_int_equal(wr_backoff_ms(attempt, 100, 1000, 0), d / 2);
        assert_int_equal(wr_backoff_ms(attempt, 100, 1000, (uint32_t)(d / 2)), d);
    }
}

TEST(any_number_of_attempts_is_bounded)
{
    assert_int_equal(wr_backoff_ms(INT64_MAX, 100, 30000, 0), 15000);
    assert_int_equal(wr_backoff_ms(0, 100, 30000, 0), 50);
    assert_int_equal(wr_backoff_ms(3, 5000, 1000, 0), 500);
}
