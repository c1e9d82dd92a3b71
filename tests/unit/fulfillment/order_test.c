#include "test.h"
#include "order.h"

TEST(every_change_ends_with_the_hold_that_its_status_expects)
{
    /* From every state an order can be in, with the hold Redis has then. */
    for (int from = ORDER_NEW; from < ORDER_STATUS_COUNT; from++) {
        for (int to = ORDER_QUEUED; to < ORDER_STATUS_COUNT; to++) {
            const struct order_change *change =
                order_change_of((enum order_status)from, (enum order_status)to);
            if (!change || (from == ORDER_EXPIRED && to == ORDER_CONFIRMED))
                continue;
            const char *reason = from == ORDER_NEW && to == ORDER_FAILED ? REASON_OVERSOLD : NULL;
            enum order_hold before =
                from == ORDER_NEW ? HOLD_HELD : order_hold_expected((enum order_status)from, NULL);
            assert_int_equal(order_hold_after(before, change->move),
                             order_hold_expected((enum order_status)to, reason));
        }
    }
}

TEST(the_ledger_changes_exactly_when_an_order_starts_or_ceases_to_count)
{
    for (int from = ORDER_NEW; from < ORDER_STATUS_COUNT; from++) {
        for (int to = ORDER_QUEUED; to < ORDER_STATUS_COUNT; to++) {
            const struct order_change *change =
                order_change_of((enum order_status)from, (enum order_status)to);
            if (change)
                assert_int_equal(change->committed, order_is_committed((enum order_status)to) -
                                                        order_is_committed((enum order_status)from));
        }
    }
}

TEST(a_late_payment_takes_its_unit_before_it_sells_it)
{
    const struct order_change *change = order_change_of(ORDER_EXPIRED, ORDER_CONFIRMED);
    assert_non_null(change);
    assert_int_equal(change->committed, 1);
    assert_int_equal(order_hold_after(HOLD_RELEASED, change->move),
                     HOLD_RELEASED); /* nothing without the take */
    assert_int_equal(order_hold_after(HOLD_HELD, change->move), HOLD_SOLD);
}

TEST(what_is_over_stays_over)
{
    static const enum order_status ends[] = {ORDER_REFUNDED, ORDER_FAILED, ORDER_CANCELLED};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (int to = ORDER_NEW; to < ORDER_STATUS_COUNT; to++)
            if (to != ORDER_REFUNDED)
                assert_null(order_change_of(ends[i], (enum order_status)to));
    assert_null(order_change_of(ORDER_REFUNDED, ORDER_REFUNDED));
    assert_null(order_change_of(ORDER_PENDING_PAYMENT, ORDER_EXPIRED)); /* its payment is closed first */
    assert_null(order_change_of(ORDER_CONFIRMED, ORDER_EXPIRED));
}

TEST(names_are_read_as_they_are_written)
{
    for (int i = ORDER_QUEUED; i < ORDER_STATUS_COUNT; i++) {
        enum order_status status;
        assert_true(order_status_parse(order_status_name((enum order_status)i), &status));
        assert_int_equal(status, i);
    }
    for (int i = 0; i < MOVE_COUNT; i++) {
        enum order_move move;
        assert_true(order_move_parse(order_move_name((enum order_move)i), &move));
        assert_int_equal(move, i);
    }
    enum order_status status;
    enum order_hold hold;
    assert_false(order_status_parse("new", &status)); /* no row has it */
    assert_false(order_status_parse("Queued", &status));
    assert_false(order_status_parse(NULL, &status));
    assert_false(order_hold_parse("", &hold));
}
