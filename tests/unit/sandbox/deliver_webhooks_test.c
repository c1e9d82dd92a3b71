#include "deliver_webhooks.h"
#include "test.h"

TEST(a_signature_is_what_stripe_makes)
{
    struct wr_hmac *secret = wr_hmac_new("whsec_test", 10);
    char out[100];
    webhook_sign(secret, 1700000000, "{\"id\":\"evt_1\"}", out);
    /* printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test */
    assert_string_equal(out,
                        "t=1700000000,v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925");
    wr_hmac_free(secret);
}
