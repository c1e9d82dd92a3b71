#include "test.h"
#include "circuit_breaker.h"

static struct breaker opened(void)
{
    struct breaker b;
    breaker_init(&b, 3, 100, 400);
    for (int i = 0; i < 3; i++) {
        assert_true(breaker_allows(&b, 0));
        breaker_failed(&b, 0);
    }
    assert_int_equal(b.state, BREAKER_OPEN);
    return b;
}

TEST(failures_in_a_row_open_it_and_a_success_between_them_does_not)
{
    struct breaker b;
    breaker_init(&b, 3, 100, 400);
    for (int i = 0; i < 10; i++) {
        breaker_failed(&b, 0);
        breaker_failed(&b, 0);
        breaker_succeeded(&b);
    }
    assert_int_equal(b.state, BREAKER_CLOSED);
    opened();
}

TEST(while_open_nothing_goes_and_after_the_pause_one_probe)
{
    struct breaker b = opened();
    assert_false(breaker_allows(&b, 99));
    assert_true(breaker_allows(&b, 100));
    assert_false(breaker_allows(&b, 100));
    assert_false(breaker_allows(&b, 10000));
    breaker_succeeded(&b);
    assert_int_equal(b.state, BREAKER_CLOSED);
    assert_true(breaker_allows(&b, 100));
    assert_true(breaker_allows(&b, 100));
}

TEST(each_failed_probe_doubles_the_pause_up_to_its_limit)
{
    struct breaker b = opened();
    uint64_t now = 100, pauses[] = {200, 400, 400};
    for (size_t i = 0; i < 3; i++) {
        assert_true(breaker_allows(&b, now));
        breaker_failed(&b, now);
        assert_false(breaker_allows(&b, now + pauses[i] - 1));
        now += pauses[i];
    }
    assert_true(breaker_allows(&b, now));
    breaker_succeeded(&b);
    b = opened(); /* and a new time of trouble starts small again */
    assert_true(breaker_allows(&b, 100));
}

TEST(a_success_from_before_it_opened_does_not_close_it)
{
    struct breaker b = opened();
    breaker_succeeded(&b);
    assert_int_equal(b.state, BREAKER_OPEN);
}
