#include "test.h"
#include "claims.h"

TEST(granted_and_jti_are_read_from_the_payload)
{
    struct claims c;
    /* {"alg":"EdDSA"} . {"jti":"7-1-0-42-0","granted":1763790000123} . signature */
    assert_true(claims_read(
        &c, "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiI3LTEtMC00Mi0wIiwiZ3JhbnRlZCI6MTc2Mzc5MDAwMDEyM30.c2ln"));
    assert_string_equal(c.jti, "7-1-0-42-0");
    assert_int_equal(c.granted_ms, 1763790000123);
}

TEST(what_is_no_token_is_refused)
{
    struct claims c;
    assert_false(claims_read(&c, ""));
    assert_false(claims_read(&c, "one"));
    assert_false(claims_read(&c, "a.b"));
    assert_false(claims_read(&c, "a.!!!!.c"));
    assert_false(claims_read(&c, "a.e30.c"));
}
