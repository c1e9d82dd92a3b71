#include "test.h"
#include "order_event.h"

#define ID "0193a0b0-0000-7000-8000-000000000001"
#define SHOPPER "0123456789abcdef0123456789abcdef"
#define RESERVATION                                                                                          \
    "{\"specversion\":\"1.0\",\"id\":\"" ID                                                                  \
    "/reservation\",\"source\":\"/sales/demo\",\"type\":\"waitroom.reservation\",\"subject\":\"" ID          \
    "\",\"time\":\"2026-01-01T00:00:00.000Z\",\"datacontenttype\":\"application/"                            \
    "json\",\"data\":{\"order_id\":\"" ID                                                                    \
    "\",\"sale\":\"demo\",\"run\":3,\"deal\":1,\"sku\":\"shirt\",\"quantity\":2,\"shopper\":\"" SHOPPER      \
    "\",\"lane\":0,\"place\":9007199254740993,\"jti\":\"3-1-0-17-0\",\"granted_ms\":1763790000123,"          \
    "\"reserved_at\":1763790001123}}"
#define CANCEL                                                                                               \
    "{\"specversion\":\"1.0\",\"id\":\"" ID                                                                  \
    "/cancel\",\"source\":\"/sales/demo\",\"type\":\"waitroom.cancel\",\"subject\":\"" ID                    \
    "\",\"data\":{\"order_id\":\"" ID "\",\"sale\":\"demo\",\"shopper\":\"" SHOPPER                          \
    "\",\"requested_at\":1763790001123}}"

static enum wr_err decode(const char *text, struct order_event *out)
{
    char why[EVENT_WHY_MAX] = "";
    enum wr_err err = order_event_decode(text, strlen(text), out, why);
    if (err)
        assert_true(strlen(why) > 0); /* a dead letter says why */
    return err;
}

static enum wr_err decode_with(const char *from, const char *to)
{
    char text[1200];
    struct order_event e;
    const char *at = strstr(RESERVATION, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - RESERVATION), RESERVATION, to, at + strlen(from));
    return decode(text, &e);
}

TEST(a_reservation_is_read_whole)
{
    struct order_event e;
    assert_int_equal(decode(RESERVATION, &e), WR_OK);
    assert_int_equal(e.kind, EVENT_RESERVATION);
    assert_string_equal(e.order_id, ID);
    assert_string_equal(e.sale, "demo");
    assert_string_equal(e.sku, "shirt");
    assert_string_equal(e.shopper, SHOPPER);
    assert_string_equal(e.jti, "3-1-0-17-0");
    assert_true(e.run == 3 && e.deal == 1 && e.quantity == 2 && e.lane == 0 && e.place == 9007199254740993);
    assert_true(e.granted_ms == 1763790000123 && e.at_ms == 1763790001123);
}

TEST(a_cancel_is_read_whole)
{
    struct order_event e;
    assert_int_equal(decode(CANCEL, &e), WR_OK);
    assert_int_equal(e.kind, EVENT_CANCEL);
    assert_string_equal(e.order_id, ID);
    assert_string_equal(e.shopper, SHOPPER);
    assert_true(e.at_ms == 1763790001123);
}

TEST(what_cannot_be_an_order_is_refused_with_the_reason)
{
    static const char *const changes[][2] = {
        {"\"specversion\":\"1.0\"", "\"specversion\":\"2.0\""},
        {"waitroom.reservation", "waitroom.somethingelse"},
        {"\"subject\":\"" ID "\"", "\"subject\":\"0193a0b0-0000-7000-8000-000000000002\""},
        {"\"order_id\":\"" ID "\"", "\"order_id\":\"17\""},
        {"\"sale\":\"demo\"", "\"sale\":\"Demo!\""},
        {"\"sku\":\"shirt\"", "\"sku\":\"\""},
        {"\"sku\":\"shirt\"", "\"sku\":7"},
        {"\"quantity\":2", "\"quantity\":0"},
        {"\"quantity\":2", "\"quantity\":-1"},
        {"\"quantity\":2", "\"quantity\":2.5"},
        {"\"quantity\":2", "\"quantity\":\"2\""},
        {"\"quantity\":2,", ""},
        {"\"run\":3", "\"run\":0"},
        {"\"shopper\":\"" SHOPPER "\"", "\"shopper\":\"me\""},
        {"\"reserved_at\":1763790001123", "\"reserved_at\":99999999999999999"},
        {"\"data\":{", "\"data\":{\"run\":4,"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        assert_int_not_equal(decode_with(changes[i][0], changes[i][1]), WR_OK);
}

TEST(what_is_no_json_is_refused)
{
    static const char *const texts[] = {"", "x", "[]", "{}", "{\"specversion\":\"1.0\"", "null", "\xff\xfe"};
    struct order_event e;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_not_equal(decode(texts[i], &e), WR_OK);
    char cut[sizeof RESERVATION];
    for (size_t len = 0; len < sizeof RESERVATION - 1; len += 13) {
        memcpy(cut, RESERVATION, len);
        cut[len] = '\0';
        assert_int_not_equal(decode(cut, &e), WR_OK);
    }
}
