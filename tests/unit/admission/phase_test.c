#include "phase.h"
#include "../test.h"

static struct phase_facts facts(int64_t now, int64_t left, int64_t held)
{
    return (struct phase_facts){
        .now = now, .starts_at = 100, .ends_at = 200, .counted = true, .left = left, .held = held};
}
static enum wr_phase next(enum wr_phase phase, int64_t now, int64_t left, int64_t held)
{
    struct phase_facts f = facts(now, left, held);
    return phase_next(phase, &f);
}

TEST(a_sale_starts_at_its_start_even_when_its_stock_is_not_counted)
{
    assert_int_equal(next(WR_PHASE_SCHEDULED, 99, 5, 0), WR_PHASE_SCHEDULED);
    assert_int_equal(next(WR_PHASE_SCHEDULED, 100, 5, 0), WR_PHASE_LIVE);
    struct phase_facts uncounted = facts(100, 0, 0);
    uncounted.counted = false;
    assert_int_equal(phase_next(WR_PHASE_SCHEDULED, &uncounted), WR_PHASE_LIVE);
    assert_int_equal(phase_next(WR_PHASE_LIVE, &uncounted), WR_PHASE_LIVE);
}

TEST(sold_out_is_a_level_that_comes_and_goes)
{
    assert_int_equal(next(WR_PHASE_LIVE, 150, 0, 3), WR_PHASE_SOLD_OUT);
    assert_int_equal(next(WR_PHASE_SOLD_OUT, 150, 0, 3), WR_PHASE_SOLD_OUT);
    assert_int_equal(next(WR_PHASE_SOLD_OUT, 150, 1, 2), WR_PHASE_LIVE);
}

TEST(a_sale_without_stock_of_ours_is_never_sold_out)
{
    assert_int_equal(next(WR_PHASE_LIVE, 150, -1, 0), WR_PHASE_LIVE);
    assert_int_equal(next(WR_PHASE_SOLD_OUT, 150, -1, 0), WR_PHASE_LIVE);
}

TEST(a_sale_ends_only_when_nothing_is_held_and_sells_nothing_meanwhile)
{
    assert_int_equal(next(WR_PHASE_LIVE, 200, 5, 1), WR_PHASE_SOLD_OUT);
    assert_int_equal(next(WR_PHASE_SOLD_OUT, 200, 5, 1), WR_PHASE_SOLD_OUT);
    assert_int_equal(next(WR_PHASE_SOLD_OUT, 200, 5, 0), WR_PHASE_ENDED);
    struct phase_facts over = facts(200, 5, 1), before = facts(199, 5, 1);
    assert_int_equal(phase_left(&over), 0);
    assert_int_equal(phase_left(&before), 5);
}

TEST(a_sale_does_not_end_while_its_stock_is_unknown)
{
    struct phase_facts unknown = facts(300, 0, 0);
    unknown.counted = false;
    assert_int_equal(phase_next(WR_PHASE_LIVE, &unknown), WR_PHASE_LIVE);
}

TEST(ended_is_the_end)
{
    assert_int_equal(next(WR_PHASE_ENDED, 150, 5, 0), WR_PHASE_ENDED);
    assert_int_equal(next(WR_PHASE_SCHEDULED, 250, 5, 0), WR_PHASE_ENDED);
}

TEST(a_phase_is_known_by_its_name)
{
    enum wr_phase phase;
    assert_true(phase_of("sold_out", &phase));
    assert_int_equal(phase, WR_PHASE_SOLD_OUT);
    assert_false(phase_of("over", &phase));
}
