#include "test.h"
#include "agreement.h"

static enum agreement of(enum order_status status, const char *reason, const char *pending,
                         enum order_hold hold, int64_t event)
{
    struct agreement_order order = {.status = status, .reason = reason, .pending = pending};
    return agreement_of(&order, hold, event);
}

TEST(an_order_and_its_hold_agree_or_drift)
{
    assert_int_equal(of(ORDER_PENDING_PAYMENT, "", NULL, HOLD_HELD, 2), AGREES);
    assert_int_equal(of(ORDER_CONFIRMED, "", NULL, HOLD_SOLD, 3), AGREES);
    assert_int_equal(of(ORDER_FAILED, REASON_OVERSOLD, NULL, HOLD_VOIDED, 1), AGREES);
    assert_int_equal(of(ORDER_FAILED, REASON_REFUSED, NULL, HOLD_RELEASED, 2), AGREES);
    assert_int_equal(of(ORDER_CONFIRMED, "", NULL, HOLD_HELD, 3), DRIFTS);
    assert_int_equal(of(ORDER_EXPIRED, "", NULL, HOLD_HELD, 4), DRIFTS);
    assert_int_equal(of(ORDER_QUEUED, "", NULL, HOLD_RELEASED, 1), DRIFTS);
}

TEST(what_is_on_its_way_counts_as_told)
{
    assert_int_equal(of(ORDER_EXPIRED, "", "4 release", HOLD_HELD, 2), IN_FLIGHT);
    assert_int_equal(of(ORDER_EXPIRED, "", "4 release", HOLD_RELEASED, 4),
                     IN_FLIGHT); /* told, not deleted yet */
    assert_int_equal(of(ORDER_REFUNDED, "", "3 sell,4 unsell", HOLD_HELD, 2), IN_FLIGHT);
    assert_int_equal(of(ORDER_REFUNDED, "", "3 sell,4 unsell", HOLD_SOLD, 3), IN_FLIGHT);
    assert_int_equal(of(ORDER_CONFIRMED, "", "4 release,5 sell", HOLD_HELD, 4),
                     IN_FLIGHT); /* a late payment took it */
}

TEST(what_is_on_its_way_does_not_excuse_what_it_cannot_put_right)
{
    assert_int_equal(of(ORDER_CONFIRMED, "", "3 sell", HOLD_RELEASED, 2), DRIFTS);
    assert_int_equal(of(ORDER_EXPIRED, "", "2 none", HOLD_HELD, 1), DRIFTS);
    assert_int_equal(of(ORDER_EXPIRED, "", "4 release", HOLD_HELD, 4),
                     DRIFTS); /* too old to count any more */
}

TEST(an_expired_order_may_hold_a_unit_while_its_late_payment_is_processed)
{
    struct agreement_order order = {.status = ORDER_EXPIRED, .reason = "", .payment_waiting = true};
    assert_int_equal(agreement_of(&order, HOLD_HELD, 4), IN_FLIGHT);
    assert_int_equal(agreement_of(&order, HOLD_SOLD, 4), DRIFTS);
    order.payment_waiting = false;
    assert_int_equal(agreement_of(&order, HOLD_HELD, 4), DRIFTS);
}
