#include "test.h"
#include "ledger.h"

TEST(what_fits_is_accepted_in_order_and_nothing_beyond)
{
    struct ledger_sku skus[] = {{.sale = "a", .sku = "X", .free = 3},
                                {.sale = "a", .sku = "x", .free = 1},
                                {.sale = "b", .sku = "X", .free = 0}};
    assert_true(ledger_accept(skus, 3, "a", "X", 2));
    assert_false(ledger_accept(skus, 3, "a", "X", 2)); /* one is left */
    assert_true(ledger_accept(skus, 3, "a", "X", 1));
    assert_false(ledger_accept(skus, 3, "a", "X", 1));
    assert_true(ledger_accept(skus, 3, "a", "x", 1));
    assert_false(ledger_accept(skus, 3, "b", "X", 1));
    assert_int_equal(skus[0].accepted, 3);
    assert_int_equal(skus[0].free, 0);
    assert_int_equal(skus[1].accepted, 1);
    assert_int_equal(skus[2].accepted, 0);
}

TEST(an_unknown_sku_has_no_units)
{
    struct ledger_sku skus[] = {{.sale = "a", .sku = "x", .free = 3}};
    assert_false(ledger_accept(skus, 1, "a", "y", 1));
    assert_false(ledger_accept(NULL, 0, "a", "x", 1));
}
