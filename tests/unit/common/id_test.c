#include "test.h"
#include "clock.h"
#include "id.h"
#include <stdlib.h>

TEST(a_secret_makes_one_shopper)
{
    char secret[WR_SECRET_LEN + 1], shopper[WR_SHOPPER_LEN + 1], again[WR_SHOPPER_LEN + 1],
        other[WR_SECRET_LEN + 1];
    wr_secret_new(secret);
    wr_secret_new(other);
    assert_int_equal(strlen(secret), WR_SECRET_LEN);
    assert_string_not_equal(secret, other);
    assert_true(wr_shopper_of(secret, strlen(secret), shopper));
    assert_true(wr_shopper_of(secret, strlen(secret), again));
    assert_string_equal(shopper, again);
    assert_true(wr_shopper_valid(shopper, strlen(shopper)));
    assert_true(wr_shopper_of(other, strlen(other), again));
    assert_string_not_equal(shopper, again);
}

TEST(the_shopper_is_the_front_of_the_digest_of_the_secret_s_bytes)
{
    char shopper[WR_SHOPPER_LEN + 1]; /* sha256 of 16 zero bytes: 374708ff... */
    assert_true(wr_shopper_of("AAAAAAAAAAAAAAAAAAAAAA", 22, shopper));
    assert_string_equal(shopper, "374708fff7719dd5979ec875d56cd228");
}

TEST(what_is_no_secret_makes_no_shopper)
{
    char shopper[WR_SHOPPER_LEN + 1];
    assert_false(wr_shopper_of("", 0, shopper));
    assert_false(wr_shopper_of("AAAAAAAAAAAAAAAAAAAAA", 21, shopper));
    assert_false(wr_shopper_of("AAAAAAAAAAAAAAAAAAAAAAA", 23, shopper));
    assert_false(wr_shopper_of("AAAAAAAAAAAAAAAAAAAAAB", 22,
                               shopper)); /* stray bits: a second text of the same secret */
    assert_false(wr_shopper_of("AAAAAAAAAAAAAAAAAAAA==", 22, shopper));
}

TEST(names_have_one_shape)
{
    assert_true(wr_sale_valid("drop-2026", 9));
    assert_true(wr_sale_valid("a", 1));
    assert_false(wr_sale_valid("", 0));
    assert_false(wr_sale_valid("-a", 2));
    assert_false(wr_sale_valid("a-", 2));
    assert_false(wr_sale_valid("A", 1));
    assert_false(wr_sale_valid("a{b", 3));
    assert_true(wr_sale_valid("0123456789012345678901234567890123456789", 40));
    assert_false(wr_sale_valid("01234567890123456789012345678901234567890", 41));
    assert_false(wr_shopper_valid("374708FFF7719DD5979EC875D56CD228", 32));
    assert_false(wr_shopper_valid("374708fff7719dd5979ec875d56cd22", 31));
    assert_true(wr_uuid_valid("01890a5d-ac96-774b-bcce-b302099a8057", 36));
    assert_false(wr_uuid_valid("01890A5D-ac96-774b-bcce-b302099a8057", 36));
    assert_false(wr_uuid_valid("01890a5dac96-774b-bcce-b302099a80570", 36));
    assert_false(wr_uuid_valid("01890a5d-ac96-774b-bcce-b302099a805", 35));
}

TEST(a_uuid7_carries_its_time_version_and_variant)
{
    char a[WR_UUID_LEN + 1], b[WR_UUID_LEN + 1], front[14];
    int64_t before = wr_wall_ms();
    wr_uuid7(a);
    wr_uuid7(b);
    assert_true(wr_uuid_valid(a, strlen(a)));
    assert_string_not_equal(a, b);
    assert_int_equal(a[14], '7');
    assert_non_null(strchr("89ab", a[19]));
    snprintf(front, sizeof front, "%.8s%.4s", a, a + 9);
    int64_t ms = (int64_t)strtoull(front, NULL, 16);
    assert_true(ms >= before && ms <= wr_wall_ms());
}

TEST(an_order_id_is_derived_from_its_admission)
{
    char a[WR_UUID_LEN + 1], b[WR_UUID_LEN + 1];
    struct wr_hmac *key = wr_hmac_new("01234567890123456789012345678901", 32), *other = wr_hmac_new("x", 1);
    wr_order_id(key, 7, "7-1-0-42-0", 1645557742000, a);
    wr_order_id(key, 7, "7-1-0-42-0", 1645557742000, b);
    assert_string_equal(a, b);
    assert_memory_equal(a, "017f22e2-79b0-7", 15); /* the time of RFC 9562 A.6 */
    assert_non_null(strchr("89ab", a[19]));
    wr_order_id(key, 8, "7-1-0-42-0", 1645557742000, b);
    assert_string_not_equal(a, b);
    wr_order_id(key, 7, "7-1-0-42-1", 1645557742000, b);
    assert_string_not_equal(a, b);
    wr_order_id(other, 7, "7-1-0-42-0", 1645557742000, b);
    assert_string_not_equal(a, b);
    wr_hmac_free(key);
    wr_hmac_free(other);
}
