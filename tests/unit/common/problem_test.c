#include "test.h"
#include "problem.h"

static void expect(enum wr_err err, const char *detail, const char *member, const char *value)
{
    struct wr_json *v = wr_problem_json(err, detail);
    assert_string_equal(wr_json_text(wr_json_get(v, member)), value);
    assert_int_equal(wr_json_int(wr_json_get(v, "status"), 0), wr_err_status(err));
    wr_json_free(v);
}

TEST(every_error_has_a_type_a_title_and_what_to_do_next)
{
    for (enum wr_err err = WR_OK + 1; err < WR_ERR_COUNT; err++) {
        char type[100];
        snprintf(type, sizeof type, "/problems/%s", wr_err_slug(err));
        expect(err, NULL, "type", type);
        expect(err, NULL, "title", wr_err_title(err));
        expect(err, NULL, "next", wr_err_next(err));
        assert_in_range(wr_err_status(err), 400, 599);
    }
}

TEST(the_detail_is_the_case_at_hand_or_the_title_as_a_sentence)
{
    expect(WR_ERR_INVALID, "quantity: at least 1", "detail", "quantity: at least 1");
    expect(WR_ERR_INVALID, "a \"quote\" and \xc3\xa9", "detail", "a \"quote\" and \xc3\xa9");
    expect(WR_ERR_UNKNOWN_SALE, NULL, "detail", "There is no such sale.");
}
