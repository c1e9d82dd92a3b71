#include "phase.h"
#include "../test.h"

static struct phase_facts facts(int64_t now, int64_t left, int64_t held)
{
    return (struct phase_facts){
        .now = now, .starts_at = 100, .ends_at = 200, .counted_at = now, .left = left, .held = held};
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
    uncounted.counted_at = 0;
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
}

TEST(a_sale_whose_stock_is_not_counted_sells_nothing_after_its_end_and_ends_when_it_is)
{
    struct phase_facts unknown = facts(200, 5, 0);
    unknown.counted_at = 0;
    assert_int_equal(phase_next(WR_PHASE_LIVE, &unknown), WR_PHASE_SOLD_OUT);
    assert_int_equal(phase_next(WR_PHASE_SOLD_OUT, &unknown), WR_PHASE_SOLD_OUT);
    unknown.now = 199;
    assert_int_equal(phase_next(WR_PHASE_LIVE, &unknown), WR_PHASE_LIVE);
    assert_int_equal(phase_next(WR_PHASE_SOLD_OUT, &unknown), WR_PHASE_SOLD_OUT);
    assert_int_equal(next(WR_PHASE_SOLD_OUT, 200, 5, 0), WR_PHASE_ENDED);
}

TEST(what_was_counted_before_the_end_does_not_end_a_sale)
{
    struct phase_facts before = facts(201, 5, 0);
    before.counted_at = 199; /* one may have been taken since */
    assert_int_equal(phase_next(WR_PHASE_LIVE, &before), WR_PHASE_SOLD_OUT);
    before.counted_at = 200;
    assert_int_equal(phase_next(WR_PHASE_LIVE, &before), WR_PHASE_ENDED);
}

TEST(a_sale_that_was_never_opened_does_not_open_after_its_end)
{
    struct phase_facts unknown = facts(200, 0, 0);
    unknown.counted_at = 0;
    assert_int_equal(phase_next(WR_PHASE_SCHEDULED, &unknown), WR_PHASE_SOLD_OUT);
    assert_int_equal(next(WR_PHASE_SCHEDULED, 200, 5, 1), WR_PHASE_SOLD_OUT);
    assert_int_equal(next(WR_PHASE_SCHEDULED, 200, 5, 0), WR_PHASE_ENDED);
}

TEST(a_step_by_the_clock_says_from_when_it_is_due_and_one_by_the_stock_does_not)
{
    struct phase_facts before = facts(99, 5, 0), during = facts(150, 0, 5), over = facts(200, 5, 0);
    assert_int_equal(phase_due(WR_PHASE_SCHEDULED, &before), 100);
    assert_int_equal(phase_due(WR_PHASE_SCHEDULED, &during), 100);
    assert_int_equal(phase_due(WR_PHASE_LIVE, &during), 0);
    assert_int_equal(phase_due(WR_PHASE_SOLD_OUT, &during), 0);
    assert_int_equal(phase_due(WR_PHASE_SCHEDULED, &over), 200);
    assert_int_equal(phase_due(WR_PHASE_LIVE, &over), 200);
    assert_int_equal(phase_due(WR_PHASE_SOLD_OUT, &over), 200);
}

TEST(ended_is_the_end)
{
    assert_int_equal(next(WR_PHASE_ENDED, 150, 5, 0), WR_PHASE_ENDED);
    assert_int_equal(next(WR_PHASE_SCHEDULED, 250, 5, 0), WR_PHASE_ENDED);
}
