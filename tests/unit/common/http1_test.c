#include "test.h"
#include "http1.h"
#include <stdlib.h>

static char bytes[WR_HEAD_MAX * 2];
static struct wr_head head;
static const char *why;

static enum wr_err parse(const char *text)
{
    size_t len = strlen(text);
    memcpy(bytes, text, len + 1);
    assert_int_equal(wr_head_end(bytes, len, 0), len);
    return wr_head_parse(bytes, len, &head, &why);
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

TEST(a_request_is_cut_into_its_parts)
{
    assert_int_equal(
        parse("POST /a/b?c=d&e HTTP/1.1\r\nHost: shop\r\nContent-Length:  12 \r\nX-Y:\tz z\t\r\n\r\n"),
        WR_OK);
    assert_string_equal(head.method, "POST");
    assert_string_equal(head.target, "/a/b");
    assert_string_equal(head.query, "c=d&e");
    assert_int_equal(head.content_length, 12);
    assert_string_equal(wr_head_field(&head, "x-y"), "z z");
    assert_string_equal(wr_head_field(&head, "host"), "shop");
    assert_null(wr_head_field(&head, "x"));
    assert_true(head.keep_alive);
}

TEST(the_end_of_a_head_is_found_however_it_was_cut)
{
    static const char text[] = GET "\r\n";
    for (size_t cut = 0; cut < sizeof text - 1; cut++)
        assert_int_equal(wr_head_end(text, cut, 0), 0);
    for (size_t seen = 0; seen < sizeof text - 1; seen++)
        assert_int_equal(wr_head_end(text, sizeof text - 1, seen), sizeof text - 1);
}

TEST(the_connection_lives_on_unless_somebody_says_otherwise)
{
    assert_int_equal(parse(GET "\r\n"), WR_OK);
    assert_true(head.keep_alive);
    assert_int_equal(parse(GET "Connection: foo, Close\r\n\r\n"), WR_OK);
    assert_false(head.keep_alive);
    assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n"), WR_OK);
    assert_false(head.keep_alive);
}

TEST(an_upgrade_needs_both_headers)
{
    assert_int_equal(parse(GET "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"), WR_OK);
    assert_true(head.upgrades);
    assert_int_equal(parse(GET "Upgrade: websocket\r\n\r\n"), WR_OK);
    assert_false(head.upgrades);
}

TEST(the_absolute_form_is_read_as_its_path)
{
    assert_int_equal(parse("GET http://shop.test:80/a?b HTTP/1.1\r\nHost: shop.test\r\n\r\n"), WR_OK);
    assert_string_equal(head.target, "/a");
    assert_int_equal(parse("GET http://shop.test HTTP/1.1\r\nHost: shop.test\r\n\r\n"), WR_ERR_MALFORMED);
}

TEST(what_could_be_read_in_two_ways_is_refused)
{
    static const char *const wrong[] = {
        GET "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
        GET "Content-Length: -5\r\n\r\n",
        GET "Content-Length: +5\r\n\r\n",
        GET "Content-Length: 5, 5\r\n\r\n",
        GET "Content-Length: 0x5\r\n\r\n",
        GET "Content-Length:\r\n\r\n",
        GET "Content-Length: 99999999999999999999999\r\n\r\n",
        GET "Transfer-Encoding: chunked\r\n\r\n",
        GET "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\n",
        GET "Host: b\r\n\r\n",
        GET " folded: x\r\n\r\n",
        GET "A: b\r\n folded\r\n\r\n",
        GET "Name : x\r\n\r\n",
        GET ": x\r\n\r\n",
        GET "no colon\r\n\r\n",
        GET "A: b\nC: d\r\n\r\n",
        GET "A: b\rC\r\n\r\n",
        GET "A: \x01\r\n\r\n",
        GET "A: \x7f\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "get / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1x\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "GET\r\n\r\n",
        " \r\n\r\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (parse(wrong[i]) != WR_ERR_MALFORMED)
            fail_msg("accepted: %s", wrong[i]);
        assert_non_null(why);
    }
}

TEST(a_nul_in_a_line_is_refused)
{
    static const char text[] = GET "A: b\0c\r\n\r\n";
    memcpy(bytes, text, sizeof text);
    assert_int_equal(wr_head_parse(bytes, sizeof text - 1, &head, &why), WR_ERR_MALFORMED);
}

TEST(too_many_headers_are_their_own_error)
{
    char text[WR_HEAD_MAX] = GET;
    for (int i = 0; i < WR_FIELDS_MAX; i++)
        strcat(text, "A: b\r\n");
    assert_int_equal(parse(strcat(text, "\r\n")), WR_ERR_HEADERS);
}

TEST(noise_is_seen_at_its_first_bytes)
{
    assert_true(wr_head_plausible("G", 1));
    assert_true(wr_head_plausible("DELETE /", 8));
    assert_false(wr_head_plausible("\x16\x03\x01", 3));
    assert_false(wr_head_plausible("get /", 5));
    assert_false(wr_head_plausible(" GET", 4));
}

TEST(a_list_holds_whole_tokens_only)
{
    assert_true(wr_list_has("a, b ,c", "b", false));
    assert_true(wr_list_has("Upgrade", "upgrade", true));
    assert_false(wr_list_has("Upgrade", "upgrade", false));
    assert_false(wr_list_has("waitroom.v10", "waitroom.v1", false));
    assert_false(wr_list_has("", "x", true));
    assert_false(wr_list_has(NULL, "x", true));
}
