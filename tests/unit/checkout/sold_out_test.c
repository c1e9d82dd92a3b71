#include "test.h"
#include "sold_out.h"

static struct sold_out flags;

TEST(a_flag_stands_for_one_second_and_for_its_article_alone)
{
    memset(&flags, 0, sizeof flags);
    assert_false(sold_out_is(&flags, "shoes", "one", 5000));
    sold_out_set(&flags, "shoes", "one", 5000);
    assert_true(sold_out_is(&flags, "shoes", "one", 5000));
    assert_true(sold_out_is(&flags, "shoes", "one", 5000 + SOLD_OUT_MS - 1));
    assert_false(sold_out_is(&flags, "shoes", "one", 5000 + SOLD_OUT_MS));
    assert_false(sold_out_is(&flags, "shoes", "two", 5000));
    assert_false(sold_out_is(&flags, "boots", "one", 5000));
}

TEST(names_are_told_apart_by_where_they_end)
{
    memset(&flags, 0, sizeof flags);
    sold_out_set(&flags, "a", "bc", 1);
    assert_false(sold_out_is(&flags, "ab", "c", 1));
}

TEST(more_articles_than_flags_forget_but_never_tell_a_wrong_one)
{
    char sku[16];
    memset(&flags, 0, sizeof flags);
    for (int i = 0; i < 3 * SOLD_OUT_FLAGS; i += 2) {
        snprintf(sku, sizeof sku, "sku-%d", i);
        sold_out_set(&flags, "shoes", sku, 1);
        assert_true(sold_out_is(&flags, "shoes", sku, 1));
    }
    for (int i = 1; i < 3 * SOLD_OUT_FLAGS; i += 2) {
        snprintf(sku, sizeof sku, "sku-%d", i);
        assert_false(sold_out_is(&flags, "shoes", sku, 1));
    }
}
