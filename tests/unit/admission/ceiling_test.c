#include "ceiling.h"
#include "../test.h"

TEST(a_ceiling_is_never_less_than_a_first_rush_ahead)
{
    struct ceiling_pace pace = {0};
    assert_int_equal(ceiling_wanted(&pace, 0, CEILING_AHEAD_LEAST), 0);
    assert_int_equal(ceiling_wanted(&pace, 1, CEILING_AHEAD_LEAST), 1 + 2 * CEILING_AHEAD_LEAST);
    assert_int_equal(ceiling_headroom(&pace), 2 * CEILING_AHEAD_LEAST);
}

TEST(a_ceiling_is_a_minute_of_joins_ahead)
{
    struct ceiling_pace pace = {0};
    ceiling_observe(&pace, 1, 0, 1000);
    ceiling_observe(&pace, 1, 500, 1250); /* 120,000 a minute */
    assert_int_equal(ceiling_wanted(&pace, 500, 100000), 500 + 240000);
    assert_int_equal(ceiling_wanted(&pace, 500, 500 + 120000), 0);
}

TEST(the_pace_is_forgotten_by_half_every_ten_seconds)
{
    struct ceiling_pace pace = {0};
    ceiling_observe(&pace, 1, 0, 1000);
    ceiling_observe(&pace, 1, 1000, 1250);
    double peak = pace.per_minute;
    ceiling_observe(&pace, 1, 1000, 11250);
    assert_true(pace.per_minute > peak * 0.49 && pace.per_minute < peak * 0.51);
}

TEST(a_counter_that_went_back_is_no_pace)
{
    struct ceiling_pace pace = {0};
    ceiling_observe(&pace, 1, 1000, 1000);
    ceiling_observe(&pace, 1, 0, 1250);
    assert_true(pace.per_minute == 0);
}

TEST(what_a_new_generation_skips_is_no_pace)
{
    struct ceiling_pace pace = {0};
    int64_t ceiling = 2 * CEILING_AHEAD_LEAST, counter = 0;
    uint64_t now = 1000;
    for (int64_t gen = 1; gen <= 10; gen++) {
        for (int s = 0; s < 600; s++, now += 1000) { /* ten joins a second */
            ceiling_observe(&pace, gen, counter += 10, now);
            int64_t wanted = ceiling_wanted(&pace, counter, ceiling);
            ceiling = wanted ? wanted : ceiling;
        }
        counter = ceiling; /* Redis is another: open_generation.lua */
        ceiling += ceiling_headroom(&pace);
    }
    assert_true(counter <= 10 * (6000 + 2 * CEILING_AHEAD_LEAST));
}

TEST(no_pace_raises_a_ceiling_past_all_use)
{
    struct ceiling_pace pace = {0};
    ceiling_observe(&pace, 1, 0, 1000);
    ceiling_observe(&pace, 1, INT64_C(1) << 60, 1001);
    assert_int_equal(ceiling_headroom(&pace), 2 * (int64_t)CEILING_AHEAD_MOST);
}
