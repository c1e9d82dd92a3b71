#include "../test.h"
#include "host_port.h"

TEST(a_host_and_its_port_are_split_and_brackets_are_of_hosts_with_colons)
{
    static const struct {
        const char *text, *host;
        int port;
    } good[] = {{"127.0.0.1:7081", "127.0.0.1", 7081}, {"[::1]:1", "::1", 1},    {":0", "", 0},
                {"localhost:65535", "localhost", 65535}, {"a.b:080", "a.b", 80}};
    char host[WR_HOST_MAX];
    int port;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(wr_host_port(good[i].text, host, &port));
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
    }
}

TEST(what_is_not_of_that_form_is_refused)
{
    static const char *const bad[] = {"",      "127.0.0.1", "127.0.0.1:", "a:-1",  "a:+1",        "a: 1",
                                      "a:65536", "a:1x",    "::1:80",     "[]:80", "[127.0.0.1]:80", "[::1:80",
                                      "a:100000000000000000000"};
    char host[WR_HOST_MAX];
    int port;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(wr_host_port(bad[i], host, &port));
    assert_false(wr_host_port("0123456789012345678901234567890123456789012345678901234567890123:1", host, &port));
}
