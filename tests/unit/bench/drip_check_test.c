#include "test.h"
#include "drip_check.h"
#include <stdlib.h>

static const struct drip ten_a_second = {.per_minute = 600, .burst_ms = 500}; /* burst 6 */

/* The definition itself, all windows one by one. */
static size_t ends_above_by_definition(const struct drip *drip, const int64_t *ms, size_t count)
{
    size_t above = 0;
    for (size_t j = 0; j < count; j++) {
        bool breaks = false;
        for (size_t i = 0; i <= j; i++)
            breaks |= (double)(j - i + 1) >
                      drip->per_minute / 60000 * (double)(ms[j] - ms[i]) + drip_burst(drip) + 1e-6;
        above += breaks;
    }
    return above;
}

TEST(a_burst_and_then_the_rate_is_under_the_ceiling)
{
    int64_t ms[30];
    for (int i = 0; i < 30; i++)
        ms[i] = i < 6 ? 1000 : 1000 + (i - 5) * 100;
    struct drip_check c = drip_check(&ten_a_second, ms, 30);
    assert_int_equal(c.windows_above, 0);
    assert_true(c.worst > 5.999 && c.worst < 6.001);
}

TEST(one_token_too_many_is_seen_however_long_the_window)
{
    int64_t ms[1000];
    for (int i = 0; i < 1000; i++)
        ms[i] = i * 100;
    ms[999] = ms[998];
    assert_int_equal(drip_check(&ten_a_second, ms, 1000).windows_above,
                     0); /* 2 in an instant: within the burst */
    for (int i = 0; i < 1000; i++)
        ms[i] = i * 99; /* 1 % too fast: only a long window shows it */
    struct drip_check c = drip_check(&ten_a_second, ms, 1000);
    assert_true(c.windows_above > 0);
    assert_true(c.worst > 10);
}

TEST(the_fast_check_finds_what_the_definition_finds)
{
    srand(7);
    for (int run = 0; run < 200; run++) {
        int64_t ms[60];
        for (int i = 0; i < 60; i++)
            ms[i] = rand() % (2000 + run * 40);
        struct drip_check c = drip_check(&ten_a_second, ms, 60); /* sorts */
        assert_int_equal(c.windows_above, ends_above_by_definition(&ten_a_second, ms, 60));
    }
}

TEST(nothing_granted_breaks_nothing)
{
    assert_int_equal(drip_check(&ten_a_second, NULL, 0).windows_above, 0);
    assert_int_equal(drip_met(&ten_a_second, NULL, 0, 100).granted, 0);
}

TEST(the_rate_is_met_from_the_first_grant_until_it_is_held_back)
{
    int64_t ms[100];
    for (int i = 0; i < 100; i++)
        ms[i] = i * 100;
    for (int i = 50; i < 100; i++)
        ms[i] += 60000; /* held back */
    struct drip_met met = drip_met(&ten_a_second, ms, 100, 50);
    assert_int_equal(met.granted, 50);
    assert_true(met.seconds > 4.899 && met.seconds < 4.901);
    assert_true(met.percent > 101 && met.percent < 103); /* 50 tokens in 4.9 s */
    assert_true(drip_met(&ten_a_second, ms, 100, 100).percent < 20);
}

TEST(a_pause_longer_than_the_burst_bridges_runs_over_and_a_shorter_one_does_not)
{
    int64_t ms[106];
    for (int i = 0; i < 106; i++)
        ms[i] = i < 6 ? 0 : (i - 5) * 100; /* the burst, then the rate for 10 s */
    for (int i = 56; i < 106; i++)
        ms[i] = i < 60 ? 5500 : ms[i]; /* 0.5 s of nothing, made up for at once */
    double ran_over = drip_met(&ten_a_second, ms, 106, 106).ran_over;
    assert_true(ran_over > -0.001 && ran_over < 0.001);
    for (int i = 56; i < 106; i++)
        ms[i] = (i - 5) * 100 + 1000; /* 1.1 s of nothing, and then no faster than the rate */
    ran_over = drip_met(&ten_a_second, ms, 106, 106).ran_over;
    assert_true(ran_over > 4.999 && ran_over < 5.001); /* 11 came, 6 had room */
}

TEST(the_burst_at_the_start_hides_no_loss_from_the_net_percentage)
{
    int64_t ms[106];
    for (int i = 0; i < 106; i++)
        ms[i] = i < 6 ? 0 : (i - 5) * 100; /* the burst, then the rate for 10 s */
    double met = drip_met(&ten_a_second, ms, 106, 106).net_percent;
    assert_true(met > 99.999 && met < 100.001);
    for (int i = 56; i < 106; i++)
        ms[i] += 1000; /* 1.1 s of nothing: 5 of the 110 that accrued in 11 s ran over */
    struct drip_met late = drip_met(&ten_a_second, ms, 106, 106);
    assert_true(late.net_percent > 95.45 && late.net_percent < 95.46);
    assert_true(late.percent > 96); /* the burst makes up for it */
}

TEST(looks_at_the_line_find_a_burst_too_many_and_nothing_else)
{
    struct drip_line line = {0};
    drip_line_look(&ten_a_second, &line, 5000, 100); /* what was granted before is nobody's */
    drip_line_look(&ten_a_second, &line, 5000, 106); /* a full burst */
    drip_line_look(&ten_a_second, &line, 6000, 116); /* and the rate */
    drip_line_look(&ten_a_second, &line, 9000, 116); /* a pause */
    drip_line_look(&ten_a_second, &line, 9000, 122); /* fills the bucket, no further */
    assert_int_equal(line.windows_above, 0);
    assert_int_equal(line.looks, 5);
    drip_line_look(&ten_a_second, &line, 9099, 123);
    assert_int_equal(line.windows_above, 1);
}

/* `looks` of them from `*ms` on, one in 100 ms, each of which sees one more. */
static void look_on(struct drip_looked *looked, int64_t *ms, int looks)
{
    for (int i = 0; i < looks; i++)
        drip_looked_look(&ten_a_second, looked, *ms += 100, looked->seen + 1);
}

TEST(looks_with_a_clock_of_our_own_miss_what_a_line_that_stood_still_did_not_grant)
{
    struct drip_looked looked = {0};
    int64_t ms = 50000;
    drip_looked_look(&ten_a_second, &looked, ms, 100);         /* what was granted before is nobody's */
    drip_looked_look(&ten_a_second, &looked, ms += 9000, 100); /* nobody is there yet */
    drip_looked_look(&ten_a_second, &looked, ms += 100, 106);  /* the burst */
    look_on(&looked, &ms, 50);
    assert_int_equal(looked.granted, 56);
    assert_int_equal(looked.to_ms - looked.from_ms, 5000);
    assert_float_equal(drip_looked_net_percent(&ten_a_second, &looked), 100, 1e-9);
    ms += 3000; /* Redis is frozen, and its clock stands still */
    look_on(&looked, &ms, 20);
    drip_looked_look(&ten_a_second, &looked, ms + 9000, looked.seen); /* nobody is there any more */
    assert_int_equal(looked.to_ms - looked.from_ms, 10000);
    assert_float_equal(drip_looked_net_percent(&ten_a_second, &looked), 76, 1e-9); /* 30 of 100 but for the 6 that the bucket holds */
}

TEST(a_look_that_is_late_misses_nothing)
{
    struct drip_looked looked = {0};
    int64_t ms = 50000;
    drip_looked_look(&ten_a_second, &looked, ms, 100);
    drip_looked_look(&ten_a_second, &looked, ms += 100, 106);
    for (int i = 0; i < 10; i++) {
        look_on(&looked, &ms, 20);
        drip_looked_look(&ten_a_second, &looked, ms + 500, looked.seen + 1); /* of ms + 100 */
        drip_looked_look(&ten_a_second, &looked, ms += 500, looked.seen + 4);
    }
    assert_float_equal(drip_looked_net_percent(&ten_a_second, &looked), 100, 1e-9);
}

TEST(what_was_never_seen_to_rise_misses_nothing)
{
    struct drip_looked looked = {0};
    assert_float_equal(drip_looked_net_percent(&ten_a_second, &looked), 100, 0);
    drip_looked_look(&ten_a_second, &looked, 1000, 5);
    drip_looked_look(&ten_a_second, &looked, 1100, 9);
    assert_float_equal(drip_looked_net_percent(&ten_a_second, &looked), 100, 0);
}
