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

TEST(what_the_looks_at_redis_miss_is_a_share_of_the_credit_that_accrued)
{
    struct run run = {.stage = &stage, .tally = tally_new(10), .open_until = INT64_MAX, .drip = {.per_minute = 600}};
    run.grants = (struct drip_looked){.from_ms = 1000, .to_ms = 11000, .granted = 105, .ran_over = 1};
    assert_float_equal(figures_of(&run).looked_net_percent, 99, 1e-9);
    run.drip.per_minute = 0;
    assert_float_equal(figures_of(&run).looked_net_percent, 100, 0);
}

static struct run ended_with(int64_t free, int64_t turned_away, int64_t found_none)
{
    struct run run = {.stage = &stage, .tally = tally_new(10), .open_until = INT64_MAX, .after.free = free};
    tally_add(run.tally, COUNT_TURNED_AWAY, turned_away);
    tally_add(run.tally, COUNT_FOUND_NONE, found_none);
    return run;
}

TEST(units_are_undersold_when_they_are_left_over_and_somebody_who_would_buy_was_turned_away)
{
    static const struct {
        int64_t free, turned_away, undersold;
    } rows[] = {
        {500, 100, 100}, /* a checkout that refuses everybody */
        {3, 100, 3},     {0, 900, 0}, /* sold out */
        {500, 0, 0},                  /* fewer buyers than units: the others were absent, deaf, or did not want to */
        {-1, 5, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run run = ended_with(rows[i].free, rows[i].turned_away, 0);
        assert_int_equal(figures_of(&run).undersold, rows[i].undersold);
        run.timed_out = true;
        assert_int_equal(figures_of(&run).undersold, rows[i].undersold);
    }
}

TEST(who_was_told_that_nothing_is_left_was_told_the_truth_of_what_was_held_and_came_back)
{
    struct run run = ended_with(4, 0, 10);
    run.after.confirmed = 96;
    run.after.states = 2;
    run.after.state[0] = (struct state){.status = "confirmed", .units = 96};
    run.after.state[1] = (struct state){.status = "expired", .units = 4};
    assert_int_equal(figures_of(&run).undersold, 0);
    run.after.free = 10; /* six were there all the time */
    assert_int_equal(figures_of(&run).undersold, 6);
    tally_add(run.tally, COUNT_TURNED_AWAY, 1);
    assert_int_equal(figures_of(&run).undersold, 7);
}

TEST(in_a_foreign_sale_units_are_undersold_when_somebody_waits_for_them_at_the_end_of_the_time)
{
    options.sale = "s";
    struct run run = ended_with(4, 3, 3);
    assert_int_equal(figures_of(&run).undersold, 0);
    atomic_store(&run.tally->ends[END_WAITING], 2);
    assert_int_equal(figures_of(&run).undersold, 0);
    run.timed_out = true;
    assert_int_equal(figures_of(&run).undersold, 2);
    options.sale = NULL;
}

TEST(an_order_that_goes_nowhere_is_lost_and_one_that_may_yet_be_paid_is_not)
{
    struct run run = ended_with(0, 0, 0);
    run.after.missing = 1;
    run.after.under_way = 2; /* queued or expiring, when both should be over */
    run.after.unpaid = 4;
    stage.hold_s = 600;
    assert_int_equal(figures_of(&run).lost, 7); /* a sale made here is waited for */
    options.sale = "s";
    assert_int_equal(figures_of(&run).lost, 3);
    stage.hold_s = 20; /* its time to pay was waited for, too */
    assert_int_equal(figures_of(&run).lost, 7);
    options.sale = NULL;
}
