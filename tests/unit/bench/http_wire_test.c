#include "test.h"
#include "http_wire.h"

static char text[4096];
static struct http_answer answer;

static long read_it(const char *bytes)
{
    strcpy(text, bytes);
    return http_read(text, strlen(text), &answer);
}

TEST(a_request_is_written_with_its_headers_and_body)
{
    struct http_request r = {.method = "POST",
                             .path = "/x",
                             .host = "h:1",
                             .origin = "http://h:1",
                             .headers = "A: b\r\n",
                             .content_type = "application/json",
                             .body = "{}"};
    size_t len = http_write(&r, text, sizeof text);
    assert_string_equal(
        text, "POST /x HTTP/1.1\r\nHost: h:1\r\nOrigin: http://h:1\r\nContent-Type: application/json\r\n"
              "Content-Length: 2\r\nA: b\r\n\r\n{}");
    assert_int_equal(len, strlen(text));
    assert_int_equal(http_write(&r, text, len), 0);
}

TEST(an_answer_with_a_length_is_read_whole_or_not_at_all)
{
    static const char whole[] =
        "HTTP/1.1 202 Accepted\r\nContent-Length: 4\r\nRetry-After: 3\r\n\r\nbodyHTTP/1.1 200";
    size_t end = strlen(whole) - strlen("HTTP/1.1 200");
    for (size_t len = 0; len < end; len++) {
        memcpy(text, whole, len);
        assert_int_equal(http_read(text, len, &answer), 0);
    }
    assert_int_equal(read_it(whole), end);
    assert_int_equal(answer.status, 202);
    assert_int_equal(answer.retry_after_s, 3);
    assert_false(answer.closes);
    assert_int_equal(answer.body_len, 4);
    assert_memory_equal(answer.body, "body", 4);
}

TEST(chunks_are_joined_once_all_have_come)
{
    static const char whole[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                                "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n";
    for (size_t len = 0; len < strlen(whole); len++) {
        memcpy(text, whole, len);
        assert_int_equal(http_read(text, len, &answer), 0);
    }
    assert_int_equal(read_it(whole), strlen(whole));
    assert_true(answer.closes);
    assert_int_equal(answer.body_len, 13);
    assert_memory_equal(answer.body, "abc0123456789", 13);
}

TEST(an_answer_without_a_body_ends_with_its_head)
{
    assert_int_equal(read_it("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81"), 56);
    assert_int_equal(read_it("HTTP/1.1 204 No Content\r\n\r\n"), 27);
}

TEST(what_is_no_answer_is_refused)
{
    assert_int_equal(read_it("SSH-2.0-OpenSSH_9.2\r\n"), -1);
    assert_int_equal(read_it("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"), -1);
    assert_int_equal(read_it("HTTP/1.1 200 OK\r\n\r\nuntil the end"), -1);
    assert_int_equal(read_it("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), -1);
    assert_int_equal(read_it("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), -1);
    assert_int_equal(read_it("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"), -1);
}

TEST(headers_and_cookies_are_found_by_name)
{
    read_it(
        "HTTP/1.1 200 OK\r\nset-cookie: a=1; Path=/\r\nSet-Cookie: waitroom=secret; HttpOnly\r\nX:  v \r\n"
        "Content-Length: 0\r\n\r\n");
    size_t len;
    const char *x = http_header(&answer, "x", &len);
    assert_int_equal(len, 1);
    assert_int_equal(*x, 'v');
    assert_null(http_header(&answer, "y", &len));
    char value[8];
    assert_true(http_cookie(&answer, "waitroom", value, sizeof value));
    assert_string_equal(value, "secret");
    assert_false(http_cookie(&answer, "wait", value, sizeof value));
    assert_false(http_cookie(&answer, "waitroom", value, 6));
}
