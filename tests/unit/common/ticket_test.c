#include "test.h"
#include "ticket.h"
#include "mem.h"
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define SHOPPER "0123456789abcdef0123456789abcdef"
#define KEY_A "a1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEY_B "b2 ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

static enum wr_err load(struct wr_ticket_key **key, const char *text)
{
    char path[] = "/tmp/wr-ticket-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    enum wr_err err = wr_ticket_key_load(key, path);
    unlink(path);
    return err;
}

static struct wr_ticket_key *key_of(const char *text)
{
    struct wr_ticket_key *key;
    assert_int_equal(load(&key, text), WR_OK);
    return key;
}

static const struct wr_ticket sample = {.run = 12,
                                        .lane = 0,
                                        .place = 4711,
                                        .shopper = SHOPPER,
                                        .moves = 1,
                                        .issued_s = 1767323045,
                                        .told_low_s = 60,
                                        .told_high_s = 90};

TEST(a_ticket_comes_back_as_it_was)
{
    struct wr_ticket_key *key = key_of(KEY_A);
    struct wr_ticket t;
    char text[WR_TICKET_MAX];
    wr_ticket_sign(key, &sample, text);
    assert_memory_equal(text, "wt1.a1.12.0.4711." SHOPPER ".1.1767323045.60.90.", 67);
    assert_int_equal(wr_ticket_verify(key, text, strlen(text), &t), WR_OK);
    assert_int_equal(t.run, 12);
    assert_int_equal(t.lane, 0);
    assert_int_equal(t.place, 4711);
    assert_string_equal(t.shopper, SHOPPER);
    assert_int_equal(t.moves, 1);
    assert_int_equal(t.issued_s, 1767323045);
    assert_int_equal(t.told_low_s, 60);
    assert_int_equal(t.told_high_s, 90);
    wr_ticket_key_free(key);
}

TEST(the_widest_ticket_fits)
{
    struct wr_ticket_key *key =
        key_of("0123456789abcdef 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    struct wr_ticket wide = {.run = INT64_MAX,
                             .lane = INT_MAX,
                             .place = INT64_MAX,
                             .shopper = SHOPPER,
                             .moves = INT_MAX,
                             .issued_s = INT64_MAX,
                             .told_low_s = INT64_MAX,
                             .told_high_s = INT64_MAX};
    struct wr_ticket t;
    char text[WR_TICKET_MAX];
    wr_ticket_sign(key, &wide, text);
    assert_int_equal(wr_ticket_verify(key, text, strlen(text), &t), WR_OK);
    assert_int_equal(t.place, INT64_MAX);
    wide.told_low_s = -1; /* no estimate */
    wr_ticket_sign(key, &wide, text);
    assert_int_equal(wr_ticket_verify(key, text, strlen(text), &t), WR_OK);
    assert_int_equal(t.told_low_s, 0);
    wr_ticket_key_free(key);
}

TEST(a_ticket_changed_anywhere_is_invalid)
{
    struct wr_ticket_key *key = key_of(KEY_A KEY_B);
    struct wr_ticket t;
    char text[WR_TICKET_MAX + 1];
    wr_ticket_sign(key, &sample, text);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            assert_int_equal(wr_ticket_verify(key, text, len, &t), WR_ERR_TICKET_INVALID);
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(wr_ticket_verify(key, text, cut, &t), WR_ERR_TICKET_INVALID);
    text[len] = 'A';
    assert_int_equal(wr_ticket_verify(key, text, len + 1, &t), WR_ERR_TICKET_INVALID);
    assert_int_equal(wr_ticket_verify(key, text, len, &t), WR_OK);
    wr_ticket_key_free(key);
}

TEST(an_earlier_key_still_verifies_and_a_foreign_one_does_not)
{
    struct wr_ticket_key *old = key_of(KEY_A), *both = key_of(KEY_B KEY_A), *fresh = key_of(KEY_B);
    struct wr_ticket t;
    char text[WR_TICKET_MAX];
    wr_ticket_sign(old, &sample, text);
    assert_int_equal(wr_ticket_verify(both, text, strlen(text), &t), WR_OK);
    assert_int_equal(wr_ticket_verify(fresh, text, strlen(text), &t), WR_ERR_TICKET_INVALID);
    wr_ticket_sign(both, &sample, text);
    assert_memory_equal(text, "wt1.b2.", 7); /* the first one signs */
    assert_int_equal(wr_ticket_verify(old, text, strlen(text), &t), WR_ERR_TICKET_INVALID);
    wr_ticket_key_free(old);
    wr_ticket_key_free(both);
    wr_ticket_key_free(fresh);
}

/* The MAC is right, the shape is not: what another program with the key might write. */
TEST(a_signed_text_of_another_shape_is_invalid)
{
    static const char *const bad[] = {
        "wt1.a1.12.0.4711." SHOPPER ".1.1.1",    "wt1.a1.12.0.4711." SHOPPER ".1.1.1.1.1",
        "wt1.a1.012.0.4711." SHOPPER ".1.1.1.1", "wt1.a1.-1.0.4711." SHOPPER ".1.1.1.1",
        "wt1.a1.12.0.." SHOPPER ".1.1.1.1",      "wt1.a1.12.2147483648.4711." SHOPPER ".1.1.1.1",
        "wt1.a1.12.0.4711.short.1.1.1.1",        "wt1.a1.12.0.9223372036854775808." SHOPPER ".1.1.1.1",
        "wt2.a1.12.0.4711." SHOPPER ".1.1.1.1",  "wt1.a1.99999999999999999999.0.1." SHOPPER ".1.1.1.1",
        "wt1.a1.12.0.4711." SHOPPER ".1.1.1.1 ",
    };
    uint8_t raw[32], mac[32];
    struct wr_ticket_key *key = key_of(KEY_A);
    struct wr_ticket t;
    assert_true(wr_unhex(KEY_A + 3, 64, raw));
    struct wr_hmac *h = wr_hmac_new(raw, 32);
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        bool good = i == sizeof bad / sizeof *bad;
        struct wr_buf text = {0};
        char encoded[44];
        wr_buf_text(&text, good ? "wt1.a1.12.0.4711." SHOPPER ".1.1.1.1" : bad[i]);
        wr_hmac_sign(h, text.at, text.len, mac);
        wr_base64url(mac, 32, encoded);
        wr_buf_printf(&text, ".%s", encoded);
        assert_int_equal(wr_ticket_verify(key, text.at, text.len, &t), good ? WR_OK : WR_ERR_TICKET_INVALID);
        wr_buf_free(&text);
    }
    wr_hmac_free(h);
    wr_ticket_key_free(key);
}

TEST(a_key_file_out_of_shape_is_refused)
{
    static const char *const bad[] = {"",         "\n",       "a1\n",    "a1 00\n",     KEY_A KEY_A,
                                      KEY_A "\n", "a.1 0001", " " KEY_A, KEY_A "b2  ff"};
    struct wr_ticket_key *key;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(load(&key, bad[i]), WR_ERR_INVALID);
        assert_null(key);
    }
    assert_int_equal(wr_ticket_key_load(&key, "/nowhere/at/all"), WR_ERR_NOT_FOUND);
    wr_ticket_key_free(NULL);
}
