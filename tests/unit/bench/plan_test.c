#include "test.h"
#include "plan.h"

static const struct options crowd = {.shoppers = 20000,
                                     .deaf_more = 10,
                                     .seed = 5,
                                     .skew_ms = 2000,
                                     .absent = 0.1,
                                     .deaf = 0.2,
                                     .abandon = 0.1,
                                     .reconnect = 0.5};

TEST(the_same_seed_makes_the_same_crowd_and_another_one_another)
{
    struct options other = crowd;
    other.seed = 6;
    int differ = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        struct plan a = plan_shopper(&crowd, i), b = plan_shopper(&crowd, i), c = plan_shopper(&other, i);
        assert_int_equal(a.arrive_ms, b.arrive_ms);
        assert_int_equal(a.part, b.part);
        differ += a.arrive_ms != c.arrive_ms;
    }
    assert_true(differ > 900);
}

TEST(shares_are_what_was_asked_for)
{
    int parts[5] = {0}, drops = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        struct plan p = plan_shopper(&crowd, i);
        parts[p.part]++;
        drops += p.drop_ms > 0;
        assert_true(p.arrive_ms < 2000);
    }
    assert_in_range(parts[ABSENT], 1800, 2200);
    assert_in_range(parts[DEAF], 3700, 4300);
    assert_in_range(parts[IDLE], 850, 1150);
    assert_in_range(parts[UNPAID], 850, 1150);
    assert_in_range(drops, 6600, 7400); /* half of those who are neither absent nor deaf */
    for (uint32_t i = 20000; i < 20010; i++)
        assert_int_equal(plan_shopper(&crowd, i).part, DEAF);
}

TEST(a_skew_crowds_arrivals_to_its_end)
{
    struct options front = crowd, back = crowd;
    front.skew = SKEW_FRONT;
    back.skew = SKEW_BACK;
    int early_front = 0, early_back = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        early_front += plan_shopper(&front, i).arrive_ms < 1000;
        early_back += plan_shopper(&back, i).arrive_ms < 1000;
    }
    assert_true(early_front > 650);
    assert_true(early_back < 350);
}
