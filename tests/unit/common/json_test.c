#include "test.h"
#include "json.h"

struct order {
    char sku[9];
    int64_t quantity;
    int64_t factor;
    bool gift;
    const struct wr_json *notes;
};
static const struct wr_json_field order_fields[] = {
    {.name = "sku",
     .type = WR_JSON_TEXT,
     .offset = offsetof(struct order, sku),
     .cap = 9,
     .required = true,
     .min = 2},
    WR_FIELD_INT(struct order, quantity, "quantity", true, 1, 10),
    WR_FIELD_INT(struct order, factor, "factor", false, 0, 0),
    WR_FIELD_BOOL(struct order, gift, "gift", false),
    WR_FIELD_ANY(struct order, notes, "notes", false),
    {0},
};

static enum wr_err decode(const char *text, struct order *out, char why[160])
{
    struct wr_json *v;
    why[0] = '\0';
    assert_int_equal(wr_json_parse(&v, text, strlen(text), why), WR_OK);
    enum wr_err err = wr_json_decode(v, order_fields, out, why);
    out->notes = NULL; /* borrowed */
    wr_json_free(v);
    return err;
}

static void expect_rendered(struct wr_json *owned, const char *text)
{
    struct wr_buf out = {0};
    wr_json_render(owned, &out);
    assert_string_equal(out.at, text);
    wr_buf_free(&out);
    wr_json_free(owned);
}

TEST(a_shape_decodes_into_a_struct)
{
    struct order o = {.factor = 5};
    char why[160];
    assert_int_equal(decode("{\"sku\":\"red\",\"quantity\":2,\"gift\":true,\"unknown\":[1]}", &o, why),
                     WR_OK);
    assert_string_equal(o.sku, "red");
    assert_int_equal(o.quantity, 2);
    assert_true(o.gift);
    assert_true(o.factor == 5); /* the default stays */
    assert_int_equal(decode("{\"sku\":\"red\",\"quantity\":2,\"factor\":3}", &o, why), WR_OK);
    assert_true(o.factor == 3);
}

TEST(what_does_not_fit_the_shape_is_refused_by_name)
{
    static const struct {
        const char *text, *named;
    } bad[] = {
        {"{\"quantity\":1}", "\"sku\" is missing"},
        {"{\"sku\":null,\"quantity\":1}", "\"sku\" is missing"},
        {"{\"sku\":7,\"quantity\":1}", "\"sku\" must be a text"},
        {"{\"sku\":\"123456789\",\"quantity\":1}", "\"sku\" may be at most 8"},
        {"{\"sku\":\"1\",\"quantity\":1}", "\"sku\" must be at least 2"},
        {"{\"sku\":\"red\",\"quantity\":\"1\"}", "\"quantity\" must be a whole number"},
        {"{\"sku\":\"red\",\"quantity\":1.0}", "\"quantity\" must be a whole number"},
        {"{\"sku\":\"red\",\"quantity\":0}", "\"quantity\" must be from 1 to 10"},
        {"{\"sku\":\"red\",\"quantity\":-1}", "\"quantity\" must be from 1 to 10"},
        {"{\"sku\":\"red\",\"quantity\":11}", "\"quantity\" must be from 1 to 10"},
        {"{\"sku\":\"red\",\"quantity\":1,\"gift\":1}", "\"gift\" must be true or false"},
        {"{\"sku\":\"red\",\"quantity\":1,\"factor\":\"x\"}", "\"factor\" must be a whole number"},
        {"[]", "object"},
    };
    struct order o = {0};
    char why[160];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(decode(bad[i].text, &o, why), WR_ERR_INVALID);
        assert_non_null(strstr(why, bad[i].named));
    }
}

TEST(what_is_not_strict_json_is_malformed)
{
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"", "ends too early"},
        {"{\"a\":1", "ends too early"},
        {"{\"a\":1,\"a\":2}", "names a field twice"},
        {"{\"a\":\"\xff\"}", "is not valid UTF-8"},
        {"{\"a\":\"\xc0\xaf\"}", "is not valid UTF-8"},
        {"{\"a\":\"\xed\xa0\x80\"}", "is not valid UTF-8"},
        {"{\"a\":\"\\u0000\"}", "NUL"},
        {"{} {}", "goes on after its end"},
        {"{'a':1}", "is not JSON"},
        {"{\"a\":NaN}", "is not JSON"},
        {"{\"a\":99999999999999999999}", "too large"},
        {"7", "is not JSON"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char why[160] = "";
        struct wr_json *v;
        assert_int_equal(wr_json_parse(&v, bad[i].text, strlen(bad[i].text), why), WR_ERR_MALFORMED);
        assert_null(v);
        if (!strstr(why, bad[i].said) && !strstr(why, "is not JSON"))
            fail_msg("%s: %s", bad[i].text, why);
        assert_null(strchr(why, '\'')); /* nothing of the client's text */
    }
}

TEST(deep_nesting_is_refused_and_not_followed)
{
    char deep[20000];
    struct wr_json *v;
    memset(deep, '[', sizeof deep);
    assert_int_equal(wr_json_parse(&v, deep, sizeof deep, NULL), WR_ERR_MALFORMED);
}

TEST(looking_at_what_is_not_there_gives_nothing)
{
    struct wr_json *v = wr_json_build("{s:[i,i], s:s}", "list", 4, 5, "text", "t");
    assert_int_equal(wr_json_count(wr_json_get(v, "list")), 2);
    assert_int_equal(wr_json_int(wr_json_at(wr_json_get(v, "list"), 1), -1), 5);
    assert_null(wr_json_at(wr_json_get(v, "list"), 2));
    assert_int_equal(wr_json_int(wr_json_get(v, "text"), -1), -1);
    assert_int_equal(wr_json_int(NULL, 7), 7);
    assert_null(wr_json_text(wr_json_get(v, "absent")));
    assert_null(wr_json_get(NULL, "x"));
    assert_int_equal(wr_json_count(NULL), 0);
    wr_json_free(v);
    wr_json_free(NULL);
}

TEST(members_are_named_in_their_order)
{
    struct wr_json *v = wr_json_build("{s:i, s:i}", "b", 1, "a", 2);
    assert_string_equal(wr_json_name(v, 0), "b");
    assert_string_equal(wr_json_name(v, 1), "a");
    assert_null(wr_json_name(v, 2));
    assert_null(wr_json_name(wr_json_get(v, "a"), 0));
    assert_null(wr_json_name(NULL, 0));
    wr_json_free(v);
}

TEST(rendering_keeps_the_order_and_escapes)
{
    struct wr_json *rows = wr_json_build("[]");
    wr_json_append(rows, wr_json_build("{s:I}", "n", (int64_t)9007199254740993));
    struct wr_json *v = wr_json_build("{s:s, s:o, s:n}", "z", "say \"hi\"\n", "a", rows, "nothing");
    wr_json_set(v, "last", wr_json_build("b", 0));
    expect_rendered(
        v, "{\"z\":\"say \\\"hi\\\"\\n\",\"a\":[{\"n\":9007199254740993}],\"nothing\":null,\"last\":false}");
}

TEST(bytes_that_are_no_utf_8_are_replaced)
{
    expect_rendered(wr_json_bytes("ok \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 14),
                    "\"ok \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
    expect_rendered(wr_json_bytes("a\xff"
                                  "b",
                                  3),
                    "\"a\xEF\xBF\xBD"
                    "b\"");
    expect_rendered(wr_json_bytes("\xe2\x82", 2), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    expect_rendered(wr_json_bytes("\xed\xa0\x80", 3), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    expect_rendered(wr_json_bytes("x\0y", 3), "\"x\xEF\xBF\xBDy\"");
    expect_rendered(wr_json_bytes(NULL, 0), "\"\"");
}

TEST(a_text_that_is_no_utf_8_does_not_bring_the_process_down)
{
    expect_rendered(wr_json_build("{s:s, s:o}", "bad", "\xff", "x", wr_json_build("{}")), "{}");
}
