#include "test.h"
#include "origin.h"

static struct wr_origins *parse(const char *url, const char *list)
{
    struct wr_origins *o;
    assert_int_equal(wr_origins_parse(&o, url, list), WR_OK);
    return o;
}

TEST(the_public_url_and_the_list_are_allowed_and_nothing_else)
{
    struct wr_origins *o =
        parse("https://Shop.Example:443/some/path", "http://localhost:7080/, https://b.example");
    assert_true(wr_origins_allow(o, "https://shop.example"));
    assert_true(wr_origins_allow(o, "http://localhost:7080"));
    assert_true(wr_origins_allow(o, "https://b.example"));
    assert_false(wr_origins_allow(o, "http://shop.example"));
    assert_false(wr_origins_allow(o, "https://shop.example.evil.test"));
    assert_false(wr_origins_allow(o, "https://shop.example:444"));
    assert_false(wr_origins_allow(o, "http://localhost"));
    assert_false(wr_origins_allow(o, "null"));
    assert_false(wr_origins_allow(o, ""));
    assert_false(wr_origins_allow(o, NULL));
    wr_origins_free(o);
}

TEST(without_any_origin_none_is_allowed)
{
    struct wr_origins *o = parse(NULL, "");
    assert_false(wr_origins_allow(o, "http://localhost"));
    wr_origins_free(o);
}

TEST(what_is_no_origin_is_refused_at_the_start)
{
    static const char *const wrong[] = {"shop.example", "ftp://shop.example",  "https://",
                                        "https:///x",   "https://a@b.example", "*"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct wr_origins *o;
        assert_int_equal(wr_origins_parse(&o, NULL, wrong[i]), WR_ERR_INVALID);
    }
}
