#include "test.h"
#include "wheel.h"
#include <stdlib.h>

TEST(timers_come_when_they_are_due_and_not_before)
{
    struct wheel *w = wheel_new(3, 1000);
    uint32_t timer;
    wheel_start(w, 0, 1100);
    wheel_start(w, 1, 1050);
    wheel_start(w, 2, 1000); /* due already: with the next tick */
    assert_false(wheel_due(w, 1000, &timer));
    assert_true(wheel_due(w, 1004, &timer));
    assert_int_equal(timer, 2);
    assert_false(wheel_due(w, 1047, &timer));
    assert_true(wheel_due(w, 1052, &timer));
    assert_int_equal(timer, 1);
    assert_false(wheel_due(w, 1099, &timer));
    assert_true(wheel_due(w, 5000, &timer));
    assert_int_equal(timer, 0);
    assert_false(wheel_due(w, 9000, &timer));
    wheel_free(w);
}

TEST(a_stopped_or_restarted_timer_does_not_come_at_its_old_time)
{
    struct wheel *w = wheel_new(4, 0);
    uint32_t timer;
    for (uint32_t i = 0; i < 4; i++)
        wheel_start(w, i, 40);
    wheel_stop(w, 1);
    wheel_start(w, 2, 80);
    assert_true(wheel_due(w, 44, &timer));
    assert_int_equal(timer, 3);
    wheel_stop(w, 0); /* while its slot is being looked at */
    assert_false(wheel_due(w, 44, &timer));
    assert_true(wheel_due(w, 100, &timer));
    assert_int_equal(timer, 2);
    wheel_free(w);
}

TEST(timers_beyond_one_turn_of_the_wheel_wait_for_theirs)
{
    enum { N = 500 };
    struct wheel *w = wheel_new(N, 0);
    uint64_t due[N], now = 0;
    bool came[N] = {0};
    srand(3);
    for (uint32_t i = 0; i < N; i++)
        wheel_start(w, i, due[i] = (uint64_t)(rand() % 100000) + 8);
    for (int left = N; left; now += 4) {
        assert_true(now < 110000);
        for (uint32_t timer; wheel_due(w, now, &timer); left--) {
            assert_false(came[timer]);
            came[timer] = true;
            assert_true(now + 4 > due[timer] && now <= due[timer] + 4);
        }
    }
    wheel_free(w);
}
