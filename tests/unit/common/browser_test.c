#include "../test.h"
#include "browser.h"
#include "http_private.h"

#define ANN "AAAAAAAAAAAAAAAAAAAAAA"
#define BOB "BBBBBBBBBBBBBBBBBBBBBA"

static struct wr_http http;

static struct wr_request request_with(const char *cookie, const char *header)
{
    struct wr_request req = {.http = &http};
    if (cookie)
        req.head.fields[req.head.count++] = (struct wr_head_field){"cookie", cookie};
    if (header)
        req.head.fields[req.head.count++] = (struct wr_head_field){"waitroom-secret", header};
    return req;
}

static const char *secret_of(const char *cookie, const char *header)
{
    static char secret[WR_SECRET_LEN + 1];
    char shopper[WR_SHOPPER_LEN + 1], expected[WR_SHOPPER_LEN + 1], same[WR_SHOPPER_LEN + 1];
    struct wr_request req = request_with(cookie, header);
    bool there = wr_browser_secret(&http, &req, secret, shopper);
    assert_true(wr_browser_shopper(&http, &req, same) == there);
    if (!there) {
        assert_string_equal(same, "");
        return "";
    }
    assert_true(wr_shopper_of(secret, WR_SECRET_LEN, expected));
    assert_string_equal(shopper, expected);
    assert_string_equal(same, expected);
    return secret;
}

TEST(the_secret_is_in_the_cookie_or_where_that_holds_none_in_the_header)
{
    http = (struct wr_http){0};
    assert_string_equal(secret_of("a=b; waitroom=" ANN, NULL), ANN);
    assert_string_equal(secret_of(NULL, BOB), BOB);
    assert_string_equal(secret_of("waitroom=" ANN, BOB), ANN);
    assert_string_equal(secret_of("waitroom=", BOB), BOB);
    assert_string_equal(secret_of("waitroom=" ANN "x", BOB), BOB);
    assert_string_equal(secret_of("waitroom=" ANN "x", BOB "x"), "");
    assert_string_equal(secret_of(NULL, NULL), "");
}

TEST(on_https_only_the_cookie_that_no_other_host_can_set_counts)
{
    http = (struct wr_http){.secure = true};
    assert_string_equal(secret_of("waitroom=" ANN, NULL), "");
    assert_string_equal(secret_of("waitroom=" ANN "; __Host-waitroom=" BOB, NULL), BOB);
    http.secure = false;
    assert_string_equal(secret_of("__Host-waitroom=" ANN, NULL), "");
}

TEST(a_cookie_is_given_out_of_reach_of_scripts_and_on_https_of_other_hosts)
{
    char out[WR_COOKIE_MAX];
    http = (struct wr_http){0};
    wr_cookie_write(&http, "waitroom-pass", ANN, 0, out);
    assert_string_equal(out, "waitroom-pass=" ANN "; Path=/; HttpOnly; SameSite=Lax");
    http.secure = true;
    wr_cookie_write(&http, WR_SECRET_COOKIE, ANN, 86400, out);
    assert_string_equal(out,
                        "__Host-waitroom=" ANN "; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure");
}
