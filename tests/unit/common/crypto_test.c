#include "test.h"
#include "crypto.h"
#include "mem.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    char text[2 * 64 + 1];
    wr_hex(bytes, len, text);
    assert_string_equal(text, hex);
}

TEST(sha256_of_the_standard_s_examples)
{
    uint8_t digest[32]; /* FIPS 180-4 */
    wr_sha256("abc", 3, digest);
    expect_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    wr_sha256("", 0, digest);
    expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(hmac_of_rfc_4231)
{
    static const struct {
        uint8_t key_byte;
        size_t key_len;
        const char *key, *data, *mac;
    } cases[] = {
        {0x0b, 20, NULL, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0, 4, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {0xaa, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {0xaa, 131, NULL,
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
         "to be hashed "
         "before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t key[131], mac[32];
        memset(key, cases[i].key_byte, sizeof key);
        if (cases[i].key)
            memcpy(key, cases[i].key, cases[i].key_len);
        struct wr_hmac *h = wr_hmac_new(key, cases[i].key_len);
        for (int again = 0; again < 3; again++) { /* the key is used again, nothing else */
            memset(mac, 0, sizeof mac);
            wr_hmac_sign(h, cases[i].data, strlen(cases[i].data), mac);
            expect_hex(mac, 32, cases[i].mac);
        }
        wr_hmac_free(h);
    }
    wr_hmac_free(NULL);
}

TEST(base64url_of_rfc_4648)
{
    static const char *const pairs[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char text[16];
        uint8_t bytes[16];
        size_t len = strlen(pairs[i][0]);
        assert_int_equal(wr_base64url(pairs[i][0], len, text), strlen(pairs[i][1]));
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(wr_unbase64url(text, strlen(text), bytes, len), len);
        assert_memory_equal(bytes, pairs[i][0], len);
    }
}

TEST(only_the_one_text_of_some_bytes_is_base64url)
{
    static const char *const bad[] = {"Zg==", "Zh",   "Zm9",  "Z",     "Zm9v\n",
                                      " Zm9", "Zm+v", "Zm/v", "Zm9vY", "\x80m9v"};
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(wr_unbase64url(bad[i], strlen(bad[i]), bytes, sizeof bytes), -1);
    assert_int_equal(wr_unbase64url("Zm9v", 4, bytes, 2), -1); /* no room */
}

TEST(every_length_survives_the_encodings)
{
    uint8_t bytes[100], back[100];
    char text[300];
    wr_random(bytes, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        size_t encoded = wr_base64url(bytes, len, text);
        assert_int_equal(encoded, (len * 4 + 2) / 3);
        assert_int_equal(wr_unbase64url(text, encoded, back, len), len);
        assert_memory_equal(bytes, back, len);
        wr_hex(bytes, len, text);
        assert_true(wr_unhex(text, 2 * len, back));
        assert_memory_equal(bytes, back, len);
    }
    assert_false(wr_unhex("abc", 3, back));
    assert_false(wr_unhex("0g", 2, back));
    assert_true(wr_unhex("0AfF", 4, back));
}

TEST(comparing_sees_every_byte)
{
    uint8_t a[33] = {0}, b[33] = {0};
    assert_true(wr_equal(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 1;
        assert_false(wr_equal(a, b, sizeof a));
        b[i] = 0;
    }
}

/* The key of RFC 8037 appendix A (and RFC 8032 7.1, test 1) as PKCS#8. */
static const char rfc_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                              "-----END PRIVATE KEY-----\n";

static char folder[64], path[128];

static void write_pem(const char *text)
{
    strcpy(folder, "/tmp/wr-crypto-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/key.pem", folder);
    if (!text)
        return;
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static void remove_pem(void)
{
    unlink(path);
    rmdir(folder);
}

TEST(a_secret_is_equal_to_itself_alone)
{
    assert_true(wr_secret_equal("secret", "secret", 6));
    assert_false(wr_secret_equal("secre", "secret", 6));
    assert_false(wr_secret_equal("secret ", "secret", 6));
    assert_false(wr_secret_equal("", "secret", 6));
}

TEST(ed25519_signs_the_example_of_rfc_8037)
{
    static const char input[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    struct wr_ed25519 *key;
    uint8_t raw[32], sig[64];
    char text[90];
    write_pem(rfc_pem);
    assert_int_equal(wr_ed25519_load(&key, path), WR_OK);
    wr_ed25519_raw(key, raw);
    wr_base64url(raw, sizeof raw, text);
    assert_string_equal(text, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    for (int again = 0; again < 3; again++) {
        wr_ed25519_sign(key, input, strlen(input), sig);
        wr_base64url(sig, sizeof sig, text);
        assert_string_equal(
            text, "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
        assert_true(wr_ed25519_verify(key, input, strlen(input), sig));
    }
    wr_ed25519_free(key);
    remove_pem();
}

TEST(a_signature_holds_for_its_text_and_key_only)
{
    struct wr_ed25519 *key = wr_ed25519_new(), *other = wr_ed25519_new();
    uint8_t raw[32], sig[64];
    wr_ed25519_raw(key, raw);
    struct wr_ed25519 *public = wr_ed25519_public(raw);
    wr_ed25519_sign(key, "text", 4, sig);
    assert_true(wr_ed25519_verify(public, "text", 4, sig));
    assert_false(wr_ed25519_verify(public, "texT", 4, sig));
    assert_false(wr_ed25519_verify(other, "text", 4, sig));
    for (size_t i = 0; i < sizeof sig; i++) {
        sig[i] ^= 1;
        assert_false(wr_ed25519_verify(public, "text", 4, sig));
        sig[i] ^= 1;
    }
    assert_true(wr_ed25519_verify(public, "text", 4, sig)); /* a failure leaves nothing behind */
    wr_ed25519_free(key);
    wr_ed25519_free(other);
    wr_ed25519_free(public);
    wr_ed25519_free(NULL);
}

TEST(a_saved_key_is_for_its_owner_only_and_loads_again)
{
    struct wr_ed25519 *key = wr_ed25519_new(), *again;
    struct stat seen;
    uint8_t a[32], b[32];
    write_pem(NULL);
    assert_int_equal(wr_ed25519_save(key, path), WR_OK);
    assert_int_equal(stat(path, &seen), 0);
    assert_int_equal(seen.st_mode & 07777, 0400);
    assert_int_equal(wr_ed25519_save(key, path), WR_ERR_BACKEND); /* never over another key */
    assert_int_equal(wr_ed25519_load(&again, path), WR_OK);
    wr_ed25519_raw(key, a);
    wr_ed25519_raw(again, b);
    assert_memory_equal(a, b, 32);
    wr_ed25519_free(key);
    wr_ed25519_free(again);
    remove_pem();
}

TEST(what_is_no_ed25519_key_is_refused)
{
    struct wr_ed25519 *key;
    write_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    assert_int_equal(wr_ed25519_load(&key, path), WR_ERR_INVALID);
    assert_null(key);
    unlink(path);
    assert_int_equal(wr_ed25519_load(&key, path), WR_ERR_NOT_FOUND);
    rmdir(folder);
    /* X25519 has the same size and another purpose */
    write_pem(
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n");
    assert_int_equal(wr_ed25519_load(&key, path), WR_ERR_INVALID);
    remove_pem();
}
