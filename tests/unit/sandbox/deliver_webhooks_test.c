#include "deliver_webhooks.h"
#include "test.h"

TEST(pauses_double_up_to_a_bound)
{
    assert_int_equal(webhook_retry_ms(1, 0), 200);
    assert_int_equal(webhook_retry_ms(2, 0), 400);
    assert_int_equal(webhook_retry_ms(4, 0), 1600);
    assert_int_equal(webhook_retry_ms(8, 0), 15000);
    assert_int_equal(webhook_retry_ms(1000000, 0), 15000);
}

TEST(noise_takes_at_most_half_of_a_pause)
{
    for (int noise = 0; noise < 256; noise++)
        assert_in_range(webhook_retry_ms(3, (uint8_t)noise), 400, 800);
    assert_int_equal(webhook_retry_ms(3, 255), 400);
}

TEST(a_signature_is_what_stripe_makes)
{
    struct wr_hmac *secret = wr_hmac_new("whsec_test", 10);
    char out[100];
    webhook_sign(secret, 1700000000, "{\"id\":\"evt_1\"}", out);
    /* printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test */
    assert_string_equal(out, "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925");
    wr_hmac_free(secret);
}
