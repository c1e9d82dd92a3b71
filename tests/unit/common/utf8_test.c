#include "test.h"
#include "utf8.h"

#define VALID(s) assert_true(wr_utf8_valid(s, sizeof s - 1))
#define INVALID(s) assert_false(wr_utf8_valid(s, sizeof s - 1))

TEST(every_length_and_border_is_accepted)
{
    VALID("");
    VALID("plain");
    VALID("\x7f\xc2\x80\xdf\xbf");
    VALID("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
    VALID("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

TEST(what_the_rfc_forbids_is_refused)
{
    INVALID("\x80");
    INVALID("\xc0\x80");
    INVALID("\xc1\xbf");
    INVALID("\xe0\x9f\xbf");
    INVALID("\xed\xa0\x80");
    INVALID("\xf0\x8f\xbf\xbf");
    INVALID("\xf4\x90\x80\x80");
    INVALID("\xf5\x80\x80\x80");
    INVALID("\xff");
    INVALID("a\xc3");
    INVALID("\xe2\x82");
    INVALID("\xe2\x28\xa1");
}
