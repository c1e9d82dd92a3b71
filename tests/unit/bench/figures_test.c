#include "test.h"
#include "figures.h"

static struct options options;
static struct stage stage = {.options = &options};

TEST(joins_are_what_redis_counted_and_not_what_the_crowd_remembers)
{
    struct run run = {.stage = &stage, .tally = tally_new(10), .open_until = INT64_MAX};
    run.before.joined_total = 100;
    run.after.joined_total = 107;
    run.joins = (struct climb){.from_ms = 1000, .from = 102, .to_ms = 3000, .to = 107};
    tally_add(run.tally, COUNT_JOINED, 6); /* one answer was lost */
    tally_join(run.tally, 5000, 1);
    struct figures f = figures_of(&run);
    assert_int_equal(f.joined, 7);
    assert_float_equal(f.joins_per_s, 2.5, 1e-9);
    assert_float_equal(f.join_p50_ms, 5, 1e-9); /* how long it took, only the crowd knows */
}

TEST(the_rate_by_the_looks_at_redis_is_a_share_of_the_rate_that_was_set)
{
    struct run run = {.stage = &stage, .tally = tally_new(10), .open_until = INT64_MAX, .drip = {.per_minute = 600}};
    run.grants = (struct climb){.from_ms = 1000, .from = 6, .to_ms = 11000, .to = 105};
    assert_float_equal(figures_of(&run).looked_percent, 99, 1e-9);
    run.drip.per_minute = 0;
    assert_float_equal(figures_of(&run).looked_percent, 0, 0);
}
