#include "test.h"
#include "form.h"

static char out[64];

static bool find(const char *form, const char *name)
{
    return wr_form_find(form, strlen(form), name, out, sizeof out);
}

TEST(fields_are_found_and_decoded)
{
    assert_true(find("a=1&b=two+words&c=%C3%A9%2b", "b"));
    assert_string_equal(out, "two words");
    assert_true(find("a=1&b=two+words&c=%C3%A9%2b", "c"));
    assert_string_equal(out, "\xc3\xa9+");
    assert_true(find("a=1&a=2", "a"));
    assert_string_equal(out, "1");
    assert_true(find("a=x=y&b", "a"));
    assert_string_equal(out, "x=y");
    assert_true(find("a=x=y&b", "b"));
    assert_string_equal(out, "");
    assert_true(find("%61b=1", "ab"));
}

TEST(what_is_absent_broken_or_too_long_is_not_found)
{
    assert_false(find("a=1", "b"));
    assert_false(find("", "b"));
    assert_false(find("&&&", "b"));
    assert_false(find("b=%", "b"));
    assert_false(find("b=%4", "b"));
    assert_false(find("b=%4g", "b"));
    assert_false(find("b=%00", "b"));
    assert_false(find("b=%0d%0aSet-Cookie:x", "b"));
    assert_false(wr_form_find("b=12345", 7, "b", out, 5));
    assert_true(wr_form_find("b=12345", 7, "b", out, 6));
}
