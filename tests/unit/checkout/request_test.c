#include "test.h"
#include "request.h"

TEST(an_idempotency_key_has_8_to_64_printable_characters)
{
    char key[KEY_MOST + 2];
    memset(key, 'k', sizeof key);
    key[KEY_MOST + 1] = 0;
    assert_false(idempotency_key_valid(key));
    key[KEY_MOST] = 0;
    assert_true(idempotency_key_valid(key));
    assert_true(idempotency_key_valid("12345678"));
    assert_false(idempotency_key_valid("1234567"));
    assert_false(idempotency_key_valid(""));
    assert_false(idempotency_key_valid("1234 5678"));
    assert_false(idempotency_key_valid("12345678\n"));
    assert_false(idempotency_key_valid("12345678\x7f"));
    assert_false(idempotency_key_valid("1234567\xc3\xa9"));
}

TEST(the_same_purchase_has_the_same_digest_and_no_other)
{
    char a[33], b[33];
    purchase_hash(&(struct purchase){.sku = "one", .quantity = 1, .key = "some-key"}, a);
    purchase_hash(&(struct purchase){.sku = "one", .quantity = 1, .key = "another"}, b);
    assert_string_equal(a, b);
    purchase_hash(&(struct purchase){.sku = "one", .quantity = 11}, b);
    assert_string_not_equal(a, b);
    purchase_hash(&(struct purchase){.sku = "one|1", .quantity = 1}, b);
    assert_string_not_equal(a, b);
}
