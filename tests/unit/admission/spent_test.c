#include "spent.h"
#include "../test.h"

TEST(bits_are_counted_as_redis_counts_them)
{
    struct wr_buf bits = {0};
    spent_add(&bits, 1);
    spent_add(&bits, 15);
    assert_int_equal(bits.len, 2);
    assert_memory_equal(bits.at, "\x40\x01", 2);
    spent_add(&bits, SPENT_PLACES_MAX);
    assert_int_equal(bits.len, 2);
    wr_buf_free(&bits);
}

TEST(a_longer_and_a_shorter_bitmap_are_added_bit_by_bit)
{
    struct wr_buf bits = {0};
    spent_add(&bits, 0);
    spent_or(&bits, "\x01\x02\x03", 3);
    spent_or(&bits, "\x10", 1);
    assert_int_equal(bits.len, 3);
    assert_memory_equal(bits.at, "\x91\x02\x03", 3);
    wr_buf_free(&bits);
}

TEST(hex_comes_back_as_it_went_and_what_is_no_hex_changes_nothing)
{
    struct wr_buf bits = {0}, hex = {0}, back = {0};
    spent_add(&bits, 1000);
    spent_hex(&bits, &hex);
    assert_true(spent_or_hex(&back, hex.at));
    assert_int_equal(back.len, bits.len);
    assert_memory_equal(back.at, bits.at, bits.len);
    assert_false(spent_or_hex(&back, "zz"));
    assert_memory_equal(back.at, bits.at, bits.len);
    assert_true(spent_or_hex(&back, ""));
    wr_buf_free(&bits);
    wr_buf_free(&hex);
    wr_buf_free(&back);
}
