#include "test.h"
#include "file.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128];

static void start(void)
{
    strcpy(folder, "/tmp/wr-file-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/secret", folder);
}

static void finish(void)
{
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* no temporary file was left */
}

static void put(const char *text, size_t len)
{
    assert_int_equal(wr_file_replace(path, text, len, 0600), WR_OK);
}

TEST(a_file_is_replaced_whole_with_its_mode)
{
    struct wr_buf text = {0};
    struct stat seen;
    start();
    put("one", 3);
    put("second", 6);
    assert_int_equal(wr_file_read(&text, path, 6), WR_OK);
    assert_string_equal(text.at, "second");
    assert_int_equal(stat(path, &seen), 0);
    assert_int_equal(seen.st_mode & 07777, 0600);
    assert_int_equal(wr_file_read(&text, path, 5), WR_ERR_TOO_LARGE);
    assert_int_equal(wr_file_replace("/nowhere/at/all", "x", 1, 0600), WR_ERR_BACKEND);
    wr_buf_free(&text);
    finish();
}

TEST(a_secret_is_one_line)
{
    struct wr_buf text = {0};
    start();
    put("sk_test_1\r\n", 11);
    assert_int_equal(wr_secret_file_read(&text, path), WR_OK);
    assert_string_equal(text.at, "sk_test_1");
    put("\n", 1);
    assert_int_equal(wr_secret_file_read(&text, path), WR_ERR_INVALID);
    put("a\nb\n", 4);
    assert_int_equal(wr_secret_file_read(&text, path), WR_ERR_INVALID);
    put("a\0b", 3);
    assert_int_equal(wr_secret_file_read(&text, path), WR_ERR_INVALID);
    unlink(path);
    assert_int_equal(wr_secret_file_read(&text, path), WR_ERR_NOT_FOUND);
    wr_buf_free(&text);
    finish();
}

TEST(a_hex_secret_has_its_length)
{
    uint8_t key[4];
    start();
    put("00ff10Ab\n", 9);
    assert_int_equal(wr_secret_file_hex(key, 4, path), WR_OK);
    assert_memory_equal(key, "\x00\xff\x10\xab", 4);
    assert_int_equal(wr_secret_file_hex(key, 3, path), WR_ERR_INVALID);
    put("00ff10Ag\n", 9);
    assert_int_equal(wr_secret_file_hex(key, 4, path), WR_ERR_INVALID);
    finish();
}
