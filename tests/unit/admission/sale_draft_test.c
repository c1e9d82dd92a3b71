#include "sale_draft.h"
#include "../test.h"
#include <stdlib.h>

#define NOW 1000000
#define GOOD                                                                                                 \
    "{\"id\":\"s\",\"title\":\"t\",\"currency\":\"EUR\",\"starts_at\":1,\"ends_at\":2000000,\"rate_per_"     \
    "minute\":60,"                                                                                           \
    "\"skus\":[{\"sku\":\"a\",\"name\":\"A\",\"unit_price\":100,\"total\":5}]}"

static enum wr_err read_text(const char *text, struct sale_draft *out, char why[160])
{
    struct wr_json *body;
    assert_int_equal(wr_json_parse(&body, text, strlen(text), NULL), WR_OK);
    enum wr_err err = sale_draft_read(body, NOW, out, why);
    wr_json_free(body);
    return err;
}

/* GOOD with one field given another value. */
static void refused(const char *field, const char *value)
{
    struct wr_json *body, *other;
    char wrapped[700], why[160] = "";
    assert_int_equal(wr_json_parse(&body, GOOD, strlen(GOOD), NULL), WR_OK);
    snprintf(wrapped, sizeof wrapped, "[%s]", value);
    assert_int_equal(wr_json_parse(&other, wrapped, strlen(wrapped), NULL), WR_OK);
    wr_json_set(body, field, wr_json_build("O", wr_json_at(other, 0)));
    struct sale_draft *draft = calloc(1, sizeof *draft);
    if (sale_draft_read(body, NOW, draft, why) != WR_ERR_INVALID)
        fail_msg("%s: %s was taken", field, value);
    if (!strstr(why, field))
        fail_msg("%s: %s is refused without naming it: %s", field, value, why);
    free(draft);
    wr_json_free(other);
    wr_json_free(body);
}

TEST(what_is_not_given_has_its_default)
{
    struct sale_draft *draft = calloc(1, sizeof *draft);
    char why[160];
    assert_int_equal(read_text(GOOD, draft, why), WR_OK);
    assert_int_equal(draft->burst_ms, 500);
    assert_int_equal(draft->factor_percent, 100);
    assert_int_equal(draft->per_shopper, 1);
    assert_int_equal(draft->sku_count, 1);
    assert_string_equal(draft->skus[0].sku, "a");
    free(draft);
}

TEST(every_field_that_is_not_acceptable_is_named)
{
    static const char *const bad[][2] = {
        {"id", "\"Upper\""},
        {"id", "\"-a\""},
        {"id", "\"\""},
        {"id", "7"},
        {"title", "\"\""},
        {"title", "null"},
        {"currency", "\"eur\""},
        {"currency", "\"EU\""},
        {"starts_at", "0"},
        {"starts_at", "\"now\""},
        {"ends_at", "999999"},
        {"ends_at", "1.5"},
        {"rate_per_minute", "-1"},
        {"rate_per_minute", "6000001"},
        {"burst_ms", "299"},
        {"cap", "-1"},
        {"factor_percent", "99"},
        {"admission_s", "9"},
        {"away_limit_s", "86401"},
        {"hold_s", "1"},
        {"per_shopper", "0"},
        {"checkout_url", "\"javascript:alert(1)\""},
        {"checkout_url", "\"//elsewhere\""},
        {"image_url", "\"data:x\""},
        {"image_url", "\"https://a b\""},
        {"image_url", "\"http://shop.test/picture.png\""},
        {"skus", "{}"},
        {"skus", "\"a\""},
        {"skus", "[7]"},
        {"skus", "[{\"sku\":\"a\"}]"},
        {"skus", "[{\"sku\":\".a\",\"name\":\"A\",\"unit_price\":1,\"total\":1}]"},
        {"skus", "[{\"sku\":\"a|b\",\"name\":\"A\",\"unit_price\":1,\"total\":1}]"},
        {"skus", "[{\"sku\":\"a\",\"name\":\"A\",\"unit_price\":-1,\"total\":1}]"},
        {"skus", "[{\"sku\":\"a\",\"name\":\"A\",\"unit_price\":100000000000,\"total\":1}]"},
        {"skus", "[{\"sku\":\"a\",\"name\":\"A\",\"unit_price\":1,\"total\":1},{\"sku\":\"a\",\"name\":\"B\","
                 "\"unit_price\":1,\"total\":1}]"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(bad[i][0], bad[i][1]);
}

TEST(more_articles_than_a_sale_holds_are_refused)
{
    struct wr_buf list = {0};
    for (int i = 0; i <= WR_SKUS_MAX; i++)
        wr_buf_printf(&list, "%s{\"sku\":\"a%d\",\"name\":\"A\",\"unit_price\":1,\"total\":1}", i ? "," : "[",
                      i);
    wr_buf_text(&list, "]");
    struct wr_json *skus, *body;
    assert_int_equal(wr_json_parse(&skus, list.at, list.len, NULL), WR_OK);
    assert_int_equal(wr_json_parse(&body, GOOD, strlen(GOOD), NULL), WR_OK);
    wr_json_set(body, "skus", skus);
    struct sale_draft *draft = calloc(1, sizeof *draft);
    char why[160];
    assert_int_equal(sale_draft_read(body, NOW, draft, why), WR_ERR_INVALID);
    assert_non_null(strstr(why, "skus"));
    free(draft);
    wr_json_free(body);
    wr_buf_free(&list);
}

TEST(the_same_request_has_the_same_canonical_form_with_its_defaults_spelled_out_or_not)
{
    struct sale_draft *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    char why[160];
    struct wr_buf spelled = {0}, one = {0}, two = {0};
    wr_buf_add(&spelled, GOOD, strlen(GOOD) - 1);
    wr_buf_text(&spelled, ",\"burst_ms\":500,\"cap\":0,\"description\":\"\"}");
    assert_int_equal(read_text(GOOD, a, why), WR_OK);
    assert_int_equal(read_text(spelled.at, b, why), WR_OK);
    struct wr_json *ja = sale_draft_json(a), *jb = sale_draft_json(b);
    wr_json_render(ja, &one);
    wr_json_render(jb, &two);
    assert_string_equal(one.at, two.at);
    wr_json_free(ja);
    wr_json_free(jb);
    wr_buf_free(&spelled);
    wr_buf_free(&one);
    wr_buf_free(&two);
    free(a);
    free(b);
}
