#define WR_GROUP_SETUP start
#define WR_GROUP_TEARDOWN finish
#include "test.h"
#include "token_check.h"
#include <stdlib.h>

#define ANN "0123456789abcdef0123456789abcdef"
#define BOB "ffffffffffffffffffffffffffffffff"
#define NOW 1795000000

static char folder[64], kid[WR_KID_MAX];
static struct wr_keyring *ring;
static const struct wr_sale sale = {.id = "shoes", .run = 12};

static int start(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wr-check-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(wr_keys_stage(folder, kid), WR_OK);
    assert_int_equal(wr_keys_activate(folder, kid), WR_OK);
    return wr_keyring_open(&ring, folder, "waitroom", WR_KEYRING_SIGN) == WR_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    char command[100];
    wr_keyring_close(ring);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static struct wr_token good(void)
{
    return (struct wr_token){.sale = "shoes",
                             .shopper = ANN,
                             .jti = "12-1-0-5-0",
                             .run = 12,
                             .gen = 1,
                             .place = 5,
                             .granted_ms = NOW * 1000LL,
                             .issued_s = NOW,
                             .not_before_s = NOW,
                             .expires_s = NOW + 600};
}

static enum wr_err check(struct wr_token token, const char *shopper, int64_t now, bool may_be_expired,
                         bool *expired)
{
    char text[WR_TOKEN_MAX];
    struct wr_token out;
    size_t len = wr_token_sign(ring, &token, text);
    struct token_claim claim = {
        .text = text, .len = len, .shopper = shopper, .may_be_expired = may_be_expired};
    enum wr_err err = token_check(ring, &sale, &claim, now, &out, expired);
    if (!err)
        assert_string_equal(out.jti, token.jti);
    return err;
}

TEST(a_token_counts_in_its_sale_its_run_and_its_browser)
{
    bool expired;
    assert_int_equal(check(good(), ANN, NOW, false, &expired), WR_OK);
    assert_false(expired);
    assert_int_equal(check(good(), BOB, NOW, false, &expired), WR_ERR_TOKEN_FOREIGN);
    struct wr_token t = good();
    strcpy(t.sale, "boots");
    assert_int_equal(check(t, ANN, NOW, false, &expired), WR_ERR_TOKEN_FOREIGN);
    t = good();
    t.run = 11;
    assert_int_equal(check(t, ANN, NOW, false, &expired), WR_ERR_TOKEN_FOREIGN);
}

TEST(an_expired_token_may_only_look_up_its_key)
{
    bool expired;
    assert_int_equal(check(good(), ANN, NOW + 601, false, &expired), WR_ERR_TOKEN_EXPIRED);
    assert_int_equal(check(good(), ANN, NOW + 601, true, &expired), WR_OK);
    assert_true(expired);
    assert_int_equal(check(good(), BOB, NOW + 601, true, &expired), WR_ERR_TOKEN_FOREIGN);
}

TEST(what_is_no_token_is_invalid_however_old)
{
    struct token_claim claim = {.text = "a.b.c", .len = 5, .shopper = ANN, .may_be_expired = true};
    struct wr_token out;
    bool expired;
    assert_int_equal(token_check(ring, &sale, &claim, NOW, &out, &expired), WR_ERR_TOKEN_INVALID);
}
