#include "test.h"
#include "err.h"

TEST(every_error_has_a_status_and_says_what_to_do_next)
{
    for (int e = 0; e < WR_ERR_COUNT; e++) {
        assert_true(wr_err_status((enum wr_err)e) >= 200 && wr_err_status((enum wr_err)e) < 600);
        assert_true(strlen(wr_err_slug((enum wr_err)e)) > 0);
        assert_true(strlen(wr_err_title((enum wr_err)e)) > 0);
        assert_true(strlen(wr_err_next((enum wr_err)e)) > 0);
    }
    assert_int_equal(wr_err_status(WR_OK), 200);
    assert_int_equal(wr_err_retry_s(WR_ERR_NO_ANSWER), 1);
    assert_int_equal(wr_err_retry_s(WR_ERR_NOT_FOUND), 0);
    assert_int_equal(wr_err_status(WR_ERR_NO_ANSWER), 503);
    assert_string_equal(wr_err_slug(WR_ERR_NO_ANSWER), "outcome-unknown");
}

TEST(no_two_errors_share_a_problem_type)
{
    for (int a = 0; a < WR_ERR_COUNT; a++) {
        for (int b = a + 1; b < WR_ERR_COUNT; b++)
            assert_string_not_equal(wr_err_slug((enum wr_err)a), wr_err_slug((enum wr_err)b));
    }
}
