#include "test.h"
#include "wheel.h"
#include <stdlib.h>

struct thing {
    struct wr_deadline d;
    int fired;
    uint64_t at;
};
static struct wr_wheel wheel;
static uint64_t now;
static struct thing *other;

static void note(struct wr_deadline *d)
{
    struct thing *t = (struct thing *)d;
    t->fired++;
    t->at = now;
}

static void turn_until(uint64_t end)
{
    for (; now <= end; now += WR_WHEEL_TICK_MS)
        wr_wheel_turn(&wheel, now);
    now = end;
}

TEST(a_deadline_runs_out_once_within_a_tick_and_never_early)
{
    for (uint64_t delay = 0; delay < 5000; delay += 37) {
        struct thing t = {.d.on_due = note};
        now = 1000000 + delay % 100;
        uint64_t start = now;
        wr_wheel_init(&wheel, now);
        wr_wheel_set(&wheel, &t.d, now, delay);
        for (; now < start + delay; now++)
            wr_wheel_turn(&wheel, now);
        assert_int_equal(t.fired, 0);
        turn_until(start + delay + 2 * WR_WHEEL_TICK_MS);
        assert_int_equal(t.fired, 1);
        assert_true(t.at <= start + delay + 2 * WR_WHEEL_TICK_MS);
        assert_int_equal(wheel.count, 0);
    }
}

TEST(setting_again_moves_and_clearing_stops)
{
    struct thing a = {.d.on_due = note}, b = {.d.on_due = note};
    now = 5000;
    wr_wheel_init(&wheel, now);
    wr_wheel_set(&wheel, &a.d, now, 300);
    wr_wheel_set(&wheel, &b.d, now, 300);
    wr_wheel_set(&wheel, &a.d, now, 900);
    wr_wheel_clear(&wheel, &b.d);
    wr_wheel_clear(&wheel, &b.d);
    assert_int_equal(wheel.count, 1);
    turn_until(5800);
    assert_int_equal(a.fired + b.fired, 0);
    turn_until(6200);
    assert_int_equal(a.fired, 1);
    assert_int_equal(b.fired, 0);
}

static void clear_other(struct wr_deadline *d)
{
    note(d);
    wr_wheel_clear(&wheel, &other->d);
}

TEST(a_callback_may_clear_an_entry_of_the_same_tick)
{
    struct thing a = {.d.on_due = clear_other}, b = {.d.on_due = note};
    now = 0;
    wr_wheel_init(&wheel, now);
    other = &b;
    wr_wheel_set(&wheel, &a.d, now, 100);
    wr_wheel_set(&wheel, &b.d, now, 100);
    turn_until(1000);
    assert_int_equal(a.fired, 1);
    assert_int_equal(b.fired, 0);
}

static void set_again(struct wr_deadline *d)
{
    note(d);
    wr_wheel_set(&wheel, d, now, 0);
}

TEST(an_entry_that_sets_itself_again_with_no_delay_does_not_spin)
{
    struct thing a = {.d.on_due = set_again};
    now = 0;
    wr_wheel_init(&wheel, now);
    wr_wheel_set(&wheel, &a.d, now, 0);
    turn_until(1000);
    assert_in_range(a.fired, 5, 11);
    wr_wheel_clear(&wheel, &a.d);
}

TEST(the_longest_delay_and_a_wheel_that_stood_still_lose_nothing)
{
    struct thing a = {.d.on_due = note}, b = {.d.on_due = note};
    now = 123456;
    wr_wheel_init(&wheel, now);
    wr_wheel_set(&wheel, &a.d, now, UINT64_MAX / 2);
    now += 10 * WR_WHEEL_MAX_MS; /* nobody turned it meanwhile */
    wr_wheel_set(&wheel, &b.d, now, 50);
    wr_wheel_turn(&wheel, now);
    assert_int_equal(a.fired, 1);
    wr_wheel_turn(&wheel, now + 200 + WR_WHEEL_MAX_MS);
    assert_int_equal(b.fired, 1);
    assert_int_equal(wheel.count, 0);
}
