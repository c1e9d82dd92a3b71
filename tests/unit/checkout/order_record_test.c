#include "test.h"
#include "order_record.h"

#define ANN "0123456789abcdef0123456789abcdef"
#define ID "019a0000-0000-7000-8000-000000000001"

static const struct wr_token token = {.sale = "shoes",
                                      .shopper = ANN,
                                      .jti = "12-3-0-4711-0",
                                      .run = 12,
                                      .gen = 3,
                                      .place = 4711,
                                      .granted_ms = 1795000000123};
static const struct new_order order = {
    .order_id = ID, .sku = "one", .token = &token, .quantity = 2, .deal = 7, .reserved_at = 1767323045678};

TEST(a_record_says_what_the_keyspace_promises)
{
    struct wr_buf out = {0};
    order_record_write(&order, &out);
    assert_string_equal(out.at,
                        "{\"order_id\":\"" ID
                        "\",\"sale\":\"shoes\",\"run\":12,\"sku\":\"one\",\"quantity\":2,\"shopper\":\"" ANN
                        "\",\"lane\":0,\"place\":4711,\"jti\":\"12-3-0-4711-0\",\"status\":\"queued\","
                        "\"event\":0,\"hold\":\"held\","
                        "\"reserved_at\":1767323045678}");
    wr_buf_free(&out);
}

TEST(an_event_is_a_cloud_event_with_the_order_in_it)
{
    struct wr_buf out = {0};
    order_event_write(&order, &out);
    assert_string_equal(
        out.at,
        "{\"specversion\":\"1.0\",\"id\":\"" ID
        "/reservation\",\"source\":\"/sales/shoes\",\"type\":\"waitroom.reservation\","
        "\"subject\":\"" ID
        "\",\"time\":\"2026-01-02T03:04:05.678Z\",\"datacontenttype\":\"application/json\",\"data\":{"
        "\"order_id\":\"" ID
        "\",\"sale\":\"shoes\",\"run\":12,\"deal\":7,\"sku\":\"one\",\"quantity\":2,\"shopper\":\"" ANN
        "\",\"lane\":0,\"place\":4711,\"jti\":\"12-3-0-4711-0\",\"granted_ms\":1795000000123,\"reserved_at\":"
        "1767323045678}}");
    struct order_admission a;
    assert_int_equal(order_event_admission(out.at, out.len, &a), WR_OK);
    assert_int_equal(a.place, 4711);
    assert_string_equal(a.jti, "12-3-0-4711-0");
    wr_buf_free(&out);
}

TEST(a_cancel_names_its_owner_and_no_admission)
{
    struct wr_buf out = {0};
    struct order_admission a;
    cancel_event_write("shoes", ID, ANN, 1767323045678, &out);
    assert_non_null(strstr(out.at, "\"type\":\"waitroom.cancel\""));
    assert_non_null(strstr(out.at, "\"data\":{\"order_id\":\"" ID "\",\"sale\":\"shoes\",\"shopper\":\"" ANN
                                   "\",\"requested_at\":1767323045678}"));
    assert_int_not_equal(order_event_admission(out.at, out.len, &a), WR_OK);
    assert_int_not_equal(order_event_admission("{", 1, &a), WR_OK);
    wr_buf_free(&out);
}

/* As fulfilment leaves it: other fields, other order. */
static const char written_again[] =
    "{\"cancel\":\"1-0\",\"lane\":0,\"place\":1,\"run\":1,\"sku\":\"one\",\"event\":4,\"sale\":\"shoes\","
    "\"shopper\":\"" ANN
    "\",\"hold\":\"held\",\"jti\":\"j\",\"status\":\"pending_payment\",\"order_id\":\"" ID
    "\",\"quantity\":2,"
    "\"reserved_at\":1,\"payment_url\":\"https:\\/\\/pay.example\\/1\",\"expires_at\":1767323045678}";

TEST(a_shopper_sees_the_order_without_what_is_ours)
{
    enum wr_err err;
    struct wr_buf out = {0};
    struct wr_json *view = order_record_view(written_again, sizeof written_again - 1, ANN, &err);
    assert_int_equal(err, WR_OK);
    wr_json_render(view, &out);
    wr_json_free(view);
    assert_string_equal(
        out.at, "{\"queue_ticket_id\":\"" ID
                "\",\"sale\":\"shoes\",\"sku\":\"one\",\"quantity\":2,\"status\":\"pending_payment\","
                "\"event\":4,\"payment_url\":\"https://pay.example/1\",\"expires_at\":1767323045678}");
    wr_buf_free(&out);
}

TEST(another_shopper_sees_nothing_and_a_broken_record_is_an_error)
{
    enum wr_err err;
    assert_null(
        order_record_view(written_again, sizeof written_again - 1, "ffffffffffffffffffffffffffffffff", &err));
    assert_int_equal(err, WR_OK);
    assert_null(order_record_view("{}", 2, ANN, &err));
    assert_int_equal(err, WR_ERR_INTERNAL);
}
