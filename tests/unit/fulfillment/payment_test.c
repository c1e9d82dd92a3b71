#include "test.h"
#include "payment.h"

TEST(names_of_payment_states_are_read_as_they_are_written)
{
    enum payment_state read;
    for (int i = PAYMENT_NONE; i < PAYMENT_STATE_COUNT; i++) {
        assert_true(payment_state_parse(payment_state_name((enum payment_state)i), &read));
        assert_int_equal(read, i);
    }
    assert_true(payment_state_parse(NULL, &read));
    assert_int_equal(read, PAYMENT_NONE);
    assert_false(payment_state_parse("lost", &read));
}

TEST(money_goes_back_in_three_states)
{
    for (int i = PAYMENT_NONE; i < PAYMENT_STATE_COUNT; i++)
        assert_int_equal(payment_is_refund((enum payment_state)i),
                         strncmp(payment_state_name((enum payment_state)i), "refund", 6) == 0);
}
