#include "test.h"
#include <stdlib.h>
#include "scan.h"

static char value[16];
static int64_t number;

static bool text_of(const char *json, const char *name)
{
    return scan_text(json, strlen(json), name, value, sizeof value);
}

static bool int_of(const char *json, const char *name)
{
    return scan_int(json, strlen(json), name, &number);
}

TEST(only_names_of_the_outermost_object_are_found)
{
    static const char json[] =
        "{ \"a\" : {\"type\":\"inner\",\"x\":[1,{\"type\":\"deeper\"}]}, \"s\":\"\\\"type\\\":\\\"no\\\"\","
        "\"type\":\"outer\",\"n\":-42, \"f\":1.9,\"t\":true}";
    assert_true(text_of(json, "type"));
    assert_string_equal(value, "outer");
    assert_true(int_of(json, "n"));
    assert_int_equal(number, -42);
    assert_true(int_of(json, "f"));
    assert_int_equal(number, 1);
    assert_true(scan_true(json, strlen(json), "t"));
    assert_false(scan_true(json, strlen(json), "n"));
    assert_false(text_of(json, "x"));
    assert_false(text_of(json, "n"));
    assert_false(int_of(json, "type"));
}

TEST(a_text_that_does_not_fit_or_is_escaped_is_not_given)
{
    assert_true(text_of("{\"u\":\"a\\/b\"}", "u"));
    assert_string_equal(value, "a/b");
    assert_false(text_of("{\"u\":\"a\\nb\"}", "u"));
    assert_false(text_of("{\"u\":\"0123456789abcdef\"}", "u"));
    assert_true(text_of("{\"u\":\"0123456789abcde\"}", "u"));
}

TEST(broken_text_finds_nothing_and_reads_nothing_behind_its_end)
{
    static const char json[] = "{\"a\":{\"b\":[1,2,\"x\\\"y\"]},\"type\":\"t\",\"n\":12}";
    for (size_t len = 0; len < strlen(json) - 1; len++) {
        char *part =
            malloc(len ? len : 1); /* of exactly this size, so that the sanitizer sees a step too far */
        memcpy(part, json, len);
        scan_int(part, len, "n", &number);
        scan_text(part, len, "type", value, sizeof value);
        free(part);
    }
    assert_false(int_of("[1]", "a"));
    assert_false(int_of("", "a"));
    assert_false(int_of("{\"n\":99999999999999999999}", "n"));
}
