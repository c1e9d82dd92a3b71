#include "test.h"
#include "mem.h"
#include <stdlib.h>

TEST(a_buffer_grows_and_stays_terminated)
{
    struct wr_buf b = {0};
    for (int i = 0; i < 1000; i++) {
        wr_buf_add(&b, "xyz", 3);
        assert_int_equal(b.len, 3 * (i + 1));
        assert_int_equal(b.at[b.len], '\0');
    }
    wr_buf_clear(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(b.at, "");
    wr_buf_free(&b);
    assert_null(b.at);
}

TEST(printf_writes_texts_longer_than_what_was_free)
{
    struct wr_buf b = {0};
    char wide[500];
    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    wr_buf_text(&b, "a=");
    wr_buf_printf(&b, "%s|%d", wide, 42);
    assert_int_equal(b.len, 2 + 499 + 3);
    assert_string_equal(b.at + 2 + 499, "|42");
    for (int i = 0; i < 300; i++) /* every distance to the end of the memory */
        wr_buf_printf(&b, "%.*s", i, wide);
    assert_int_equal(b.len, strlen(b.at));
    wr_buf_free(&b);
}

TEST(nothing_added_to_an_empty_buffer_still_terminates_it)
{
    struct wr_buf b = {0};
    wr_buf_add(&b, NULL, 0);
    assert_string_equal(b.at, "");
    wr_buf_free(&b);
}

TEST(text_that_does_not_fit_is_not_copied)
{
    char out[4] = "old";
    assert_true(wr_copy_text(out, sizeof out, "abc", 3));
    assert_string_equal(out, "abc");
    assert_false(wr_copy_text(out, sizeof out, "abcd", 4));
    assert_string_equal(out, "");
}

TEST(copies_are_terminated_and_allocations_zeroed)
{
    char *copy = wr_dup("abcdef", 3);
    assert_string_equal(copy, "abc");
    free(copy);
    char *zeroed = wr_alloc(64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(zeroed[i], 0);
    zeroed = wr_realloc(zeroed, 128);
    free(zeroed);
    free(wr_alloc(0));
}
