#include "test.h"
#include "clock.h"

TEST(dates_are_rfc_3339_with_milliseconds)
{
    char text[25];
    wr_wall_text(1767323045678, text);
    assert_string_equal(text, "2026-01-02T03:04:05.678Z");
    wr_wall_text(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    wr_wall_text(951782399001, text);
    assert_string_equal(text, "2000-02-28T23:59:59.001Z");
}

TEST(dates_out_of_range_keep_their_length)
{
    char text[25];
    wr_wall_text(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    wr_wall_text(INT64_MIN, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
}

TEST(the_monotonic_clock_never_falls)
{
    uint64_t last = wr_mono_us();
    for (int i = 0; i < 10000; i++) {
        uint64_t now = wr_mono_us();
        assert_true(now >= last);
        last = now;
    }
    assert_true(wr_wall_ms() > 1700000000000);
}
