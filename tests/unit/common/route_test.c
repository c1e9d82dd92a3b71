#include "test.h"
#include "route.h"

static char text[WR_PATH_MAX];
static struct wr_params params = {.text = text};

static bool match(const char *pattern, const char *path)
{
    return wr_path_match(pattern, path, &params);
}

TEST(literal_paths_match_exactly)
{
    assert_true(match("/", "/"));
    assert_true(match("/v1/time", "/v1/time"));
    assert_false(match("/v1/time", "/v1/time/"));
    assert_false(match("/v1/time", "/v1/tim"));
    assert_false(match("/v1/time", "/v1/times"));
    assert_false(match("/v1/time", "/V1/time"));
    assert_false(match("/v1/time", "//v1/time"));
    assert_false(match("/v1/time", ""));
}

TEST(a_name_in_braces_takes_one_decoded_segment)
{
    assert_true(match("/s/{sale}/x/{no}", "/s/a%62c/x/7"));
    assert_int_equal(params.count, 2);
    assert_string_equal(params.at[0].name, "sale");
    assert_string_equal(params.at[0].value, "abc");
    assert_string_equal(params.at[1].name, "no");
    assert_string_equal(params.at[1].value, "7");
    assert_false(match("/s/{sale}", "/s/"));
    assert_false(match("/s/{sale}", "/s/a/b"));
}

TEST(escapes_make_no_new_segments_and_hide_nothing)
{
    assert_false(match("/s/{sale}", "/s/a%2fb"));
    assert_false(match("/s/{sale}", "/s/%2e%2e"));
    assert_false(match("/s/{sale}", "/s/.."));
    assert_false(match("/s/{sale}", "/s/a%00"));
    assert_false(match("/s/{sale}", "/s/a%0a"));
    assert_false(match("/s/{sale}", "/s/%zz"));
    assert_false(match("/s/{sale}", "/s/%4"));
    assert_false(match("/s/{sale}", "/s/%"));
}

TEST(a_star_takes_the_rest_but_never_climbs)
{
    assert_true(match("/assets/*", "/assets/js/app%2Djs.map"));
    assert_string_equal(params.at[0].name, "rest");
    assert_string_equal(params.at[0].value, "js/app-js.map");
    assert_false(match("/assets/*", "/assets/"));
    assert_false(match("/assets/*", "/assets"));
    assert_false(match("/assets/*", "/assets/../x"));
    assert_false(match("/assets/*", "/assets/a/%2e%2e/%2e%2e/etc/passwd"));
    assert_false(match("/assets/*", "/assets/a//b"));
    assert_false(match("/assets/*", "/assets/a/."));
}

static void handle(void *ctx, struct wr_request *req)
{
    (void)ctx;
    (void)req;
}
static const struct wr_route routes[] = {
    {"GET", "/sales", handle, 0, 0},
    {"POST", "/sales", handle, 0, 100},
    {"DELETE", "/sales/{sale}", handle, 0, 0},
    {0},
};

TEST(the_method_chooses_among_routes_of_one_path)
{
    const struct wr_route *r = NULL;
    char allow[96];
    assert_int_equal(wr_route_find(routes, "POST", "/sales", &r, &params, allow), WR_OK);
    assert_ptr_equal(r, &routes[1]);
    assert_int_equal(wr_route_find(routes, "HEAD", "/sales", &r, &params, allow), WR_OK);
    assert_ptr_equal(r, &routes[0]);
    assert_int_equal(wr_route_find(routes, "DELETE", "/sales/a", &r, &params, allow), WR_OK);
    assert_ptr_equal(r, &routes[2]);
}

TEST(a_wrong_method_is_told_which_are_right)
{
    const struct wr_route *r = NULL;
    char allow[96];
    assert_int_equal(wr_route_find(routes, "PUT", "/sales", &r, &params, allow), WR_ERR_METHOD);
    assert_string_equal(allow, "GET, HEAD, OPTIONS, POST");
    assert_int_equal(wr_route_find(routes, "GET", "/sales/a", &r, &params, allow), WR_ERR_METHOD);
    assert_string_equal(allow, "DELETE, OPTIONS");
    assert_int_equal(wr_route_find(routes, "GET", "/nothing", &r, &params, allow), WR_ERR_NOT_FOUND);
    assert_string_equal(allow, "");
}
