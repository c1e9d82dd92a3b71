#include "test.h"
#include "pace.h"

/* What is taken in `ms` milliseconds, asked every 5 ms, when there is always more. */
static size_t taken_in(struct pace *p, uint64_t *now, uint64_t ms, int64_t rate)
{
    size_t sum = 0;
    for (uint64_t end = *now + ms; *now < end; *now += 5) {
        size_t n = pace_allows(p, *now, rate);
        assert_true(n <= PACE_BATCH_MAX);
        pace_took(p, n);
        sum += n;
    }
    return sum;
}

TEST(in_ten_seconds_it_takes_the_rate_whatever_the_rate)
{
    static const int64_t rates[] = {1, 7, 40, 200, 2000, 20000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct pace p = {0};
        uint64_t now = 0;
        size_t sum = taken_in(&p, &now, 10000, rates[i]);
        assert_in_range(sum, (uintmax_t)(rates[i] * 10 - rates[i] / 4 - 2), (uintmax_t)(rates[i] * 10));
    }
}

TEST(a_change_of_the_rate_counts_at_once_and_zero_stops_it)
{
    struct pace p = {0};
    uint64_t now = 0;
    taken_in(&p, &now, 1000, 2000);
    assert_int_equal(taken_in(&p, &now, 1000, 0), 0);
    assert_in_range(taken_in(&p, &now, 1000, 100), 90, 100 + 25);
}

TEST(a_long_silence_is_no_burst)
{
    struct pace p = {0};
    assert_int_equal(pace_allows(&p, 3600 * 1000, 1000), 250);
}

TEST(events_come_in_batches_where_the_rate_makes_them_worth_while)
{
    struct pace p = {0};
    assert_int_equal(pace_allows(&p, 10, 2000), 0); /* 20: not yet */
    assert_int_equal(pace_allows(&p, 25, 2000), 50);
}

TEST(only_a_backlog_has_the_rate_of_catching_up)
{
    assert_int_equal(pace_rate(100, 5000, 200), 100);
    assert_int_equal(pace_rate(100, 5000, PACE_LATE_MS + 1), 5000);
    assert_int_equal(pace_rate(100, 0, PACE_LATE_MS + 1), 100);
}
