#include "session.h"
#include "test.h"

static struct session open_session(void)
{
    return (struct session){.status = SESSION_OPEN, .payment = PAYMENT_UNPAID, .amount = 100};
}

TEST(an_open_session_is_paid_once)
{
    struct session s = open_session();
    assert_int_equal(session_apply(&s, SESSION_PAY, ""), SESSION_CHANGED);
    assert_int_equal(s.status, SESSION_COMPLETE);
    assert_int_equal(s.payment, PAYMENT_PAID);
    assert_int_equal(session_apply(&s, SESSION_PAY, ""), SESSION_ALREADY);
    assert_int_equal(session_apply(&s, SESSION_EXPIRE, ""), SESSION_REFUSED);
    assert_int_equal(session_apply(&s, SESSION_DECLINE, ""), SESSION_REFUSED);
}

TEST(nothing_is_paid_after_the_end)
{
    struct session s = open_session();
    s.past = true; /* even before anybody has noticed */
    assert_false(session_payable(&s));
    assert_int_equal(session_apply(&s, SESSION_PAY, ""), SESSION_REFUSED);
    assert_int_equal(session_apply(&s, SESSION_DECLINE, ""), SESSION_REFUSED);
    assert_int_equal(session_apply(&s, SESSION_LAPSE, ""), SESSION_CHANGED);
    assert_int_equal(session_apply(&s, SESSION_LAPSE, ""), SESSION_REFUSED);
    assert_int_equal(session_apply(&s, SESSION_PAY, ""), SESSION_REFUSED);
    assert_int_equal(s.payment, PAYMENT_UNPAID);
}

TEST(only_time_lets_a_session_lapse)
{
    struct session s = open_session();
    assert_int_equal(session_apply(&s, SESSION_LAPSE, ""), SESSION_REFUSED);
    assert_int_equal(session_apply(&s, SESSION_EXPIRE, ""), SESSION_CHANGED);
    assert_int_equal(s.status, SESSION_EXPIRED);
    assert_int_equal(session_apply(&s, SESSION_EXPIRE, ""), SESSION_REFUSED);
}

TEST(declining_leaves_it_open)
{
    struct session s = open_session();
    assert_int_equal(session_apply(&s, SESSION_DECLINE, ""), SESSION_CHANGED);
    assert_int_equal(session_apply(&s, SESSION_DECLINE, ""), SESSION_CHANGED);
    assert_int_equal(s.declined, 2);
    assert_int_equal(session_apply(&s, SESSION_PAY, ""), SESSION_CHANGED);
}

TEST(only_what_was_paid_is_refunded_and_the_same_key_finds_it)
{
    struct session s = open_session();
    assert_int_equal(session_apply(&s, SESSION_REFUND, "a"), SESSION_REFUSED);
    session_apply(&s, SESSION_PAY, "");
    assert_int_equal(session_apply(&s, SESSION_REFUND, "a"), SESSION_CHANGED);
    assert_int_equal(session_apply(&s, SESSION_REFUND, "a"), SESSION_ALREADY);
    assert_int_equal(session_apply(&s, SESSION_REFUND, "b"), SESSION_REFUSED);
    assert_int_equal(session_apply(&s, SESSION_REFUND, ""), SESSION_REFUSED);
    assert_int_equal(s.payment, PAYMENT_REFUNDED);
}

TEST(every_state_has_a_name_that_is_understood)
{
    for (int i = 0; i < 3; i++) {
        enum session_status status;
        enum session_payment payment;
        assert_true(session_status_parse(session_status_name((enum session_status)i), &status));
        assert_true(session_payment_parse(session_payment_name((enum session_payment)i), &payment));
        assert_int_equal(status, i);
        assert_int_equal(payment, i);
        assert_false(session_status_parse("other", &status));
    }
}
