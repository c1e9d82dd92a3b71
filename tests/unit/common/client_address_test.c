#include "test.h"
#include "client_address.h"

static char out[WR_ADDRESS_LEN];

static const char *client(const char *trusted, const char *peer, const char *forwarded)
{
    struct wr_proxies *p;
    assert_int_equal(wr_proxies_parse(&p, trusted), WR_OK);
    wr_client_address(p, peer, forwarded, out);
    wr_proxies_free(p);
    return out;
}

TEST(nobody_trusted_means_the_peer_is_the_client)
{
    assert_string_equal(client("", "127.0.0.1", "1.2.3.4"), "127.0.0.1");
    assert_string_equal(client(NULL, "9.9.9.9", NULL), "9.9.9.9");
}

TEST(a_trusted_peer_reports_the_client)
{
    assert_string_equal(client("127.0.0.1", "127.0.0.1", "1.2.3.4"), "1.2.3.4");
    assert_string_equal(client("127.0.0.0/8", "127.9.9.9", " 1.2.3.4 "), "1.2.3.4");
    assert_string_equal(client("127.0.0.1", "127.0.0.2", "1.2.3.4"), "127.0.0.2");
}

TEST(what_a_client_writes_itself_stands_to_the_left_and_is_not_believed)
{
    assert_string_equal(client("127.0.0.1", "127.0.0.1", "8.8.8.8, 1.2.3.4"), "1.2.3.4");
    assert_string_equal(client("127.0.0.1, 10.0.0.0/8", "127.0.0.1", "8.8.8.8, 1.2.3.4, 10.1.2.3"),
                        "1.2.3.4");
    assert_string_equal(client("127.0.0.1, 10.0.0.0/8", "127.0.0.1", "10.0.0.9, 10.1.2.3"), "10.0.0.9");
}

TEST(an_entry_that_is_no_address_ends_the_reading)
{
    assert_string_equal(client("127.0.0.1,10.0.0.0/8", "127.0.0.1", "1.1.1.1, unknown, 10.1.2.3"),
                        "10.1.2.3");
    assert_string_equal(client("127.0.0.1", "127.0.0.1", "evil\"quote"), "127.0.0.1");
    assert_string_equal(client("127.0.0.1", "127.0.0.1", ""), "127.0.0.1");
    assert_string_equal(client("127.0.0.1", "127.0.0.1", ", ,"), "127.0.0.1");
    assert_string_equal(client("127.0.0.1", "127.0.0.1", "1.2.3.4:5678"), "127.0.0.1");
}

TEST(addresses_of_both_families_are_understood)
{
    assert_string_equal(client("::1", "::1", "[2001:db8::7]"), "2001:db8::7");
    assert_string_equal(client("fd00::/8,127.0.0.1", "fd12::1", "2001:db8::7, 127.0.0.1"), "2001:db8::7");
    assert_string_equal(client("10.0.0.0/8", "::ffff:10.0.0.1", "1.2.3.4"), "1.2.3.4");
    assert_string_equal(client("10.0.0.0/9", "10.128.0.1", "1.2.3.4"), "10.128.0.1");
    assert_string_equal(client("0.0.0.0/0", "8.8.8.8", "1.2.3.4"), "1.2.3.4");
    assert_string_equal(client("0.0.0.0/0", "2001:db8::1", "1.2.3.4"), "2001:db8::1");
}

TEST(what_is_no_network_is_refused)
{
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0/8",    "::1/129", "10.0.0.0/",
                                        "10.0.0.0/-1", "10.0.0.0/8x", "lo"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct wr_proxies *p;
        assert_int_equal(wr_proxies_parse(&p, wrong[i]), WR_ERR_INVALID);
    }
}
