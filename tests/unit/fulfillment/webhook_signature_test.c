#include "test.h"
#include "crypto.h"
#include "webhook_signature.h"

#define NOW 1763790000
static const char body[] = "{\"id\":\"evt_1\"}";

static void sign(const char *secret, int64_t t, const char *text, char hex[65])
{
    char signed_text[200];
    uint8_t mac[32];
    struct wr_hmac *hmac = wr_hmac_new(secret, strlen(secret));
    snprintf(signed_text, sizeof signed_text, "%lld.%s", (long long)t, text);
    wr_hmac_sign(hmac, signed_text, strlen(signed_text), mac);
    wr_hex(mac, sizeof mac, hex);
    wr_hmac_free(hmac);
}

static bool valid(const char *header, const char *text)
{
    struct wr_hmac *hmac = wr_hmac_new("whsec", 5);
    bool is = webhook_signature_valid(hmac, header, text, strlen(text), NOW);
    wr_hmac_free(hmac);
    return is;
}

TEST(a_signature_over_the_very_bytes_is_valid_and_over_others_is_not)
{
    char hex[65], header[300];
    sign("whsec", NOW, body, hex);
    snprintf(header, sizeof header, "t=%d,v1=%s", NOW, hex);
    assert_true(valid(header, body));
    assert_false(valid(header, "{\"id\": \"evt_1\"}"));
    sign("other", NOW, body, hex);
    snprintf(header, sizeof header, "t=%d,v1=%s", NOW, hex);
    assert_false(valid(header, body));
}

TEST(the_known_answer_of_an_independent_implementation_is_valid)
{
    /* printf '1763790000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec */
    assert_true(
        valid("t=1763790000,v1=a2ba919e8ee678376805db0ca2414fd661649b8ab6927d737e9707f24ab5a1f3", body));
}

TEST(the_time_is_signed_too_and_must_be_near)
{
    static const int off[] = {-301, -300, 300, 301};
    char hex[65], header[300];
    for (size_t i = 0; i < 4; i++) {
        sign("whsec", NOW + off[i], body, hex);
        snprintf(header, sizeof header, "t=%d,v1=%s", NOW + off[i], hex);
        assert_int_equal(valid(header, body), off[i] >= -300 && off[i] <= 300);
    }
    sign("whsec", NOW, body, hex);
    snprintf(header, sizeof header, "t=%d,v1=%s", NOW + 1, hex);
    assert_false(valid(header, body));
}

TEST(one_of_several_signatures_suffices_and_other_schemes_do_not_count)
{
    char hex[65], wrong[65], header[400];
    sign("whsec", NOW, body, hex);
    sign("old", NOW, body, wrong);
    snprintf(header, sizeof header, "t=%d,v1=%s,v1=%s,v0=%s", NOW, wrong, hex, wrong);
    assert_true(valid(header, body));
    snprintf(header, sizeof header, "t=%d,v0=%s", NOW, hex);
    assert_false(valid(header, body));
}

TEST(what_is_no_signature_is_refused)
{
    static const char *const headers[] = {
        "",
        ",",
        "t=",
        "t=1763790000",
        "v1=",
        "t=,v1=",
        "t=1763790000,v1=00",
        "t=17637x,v1=00",
        "t=-1,v1=",
        "t=99999999999999999999999999,v1=0000000000000000000000000000000000000000000000000000000000000000",
        "t=1763790000,t=1763790000,v1=0000000000000000000000000000000000000000000000000000000000000000",
        "t=1763790000,v1=zz00000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_false(valid(headers[i], body));
    assert_false(valid(NULL, body));
}
