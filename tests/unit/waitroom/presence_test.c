#include "test.h"
#include "presence.h"

static struct presence p;
static struct presence_table t;

TEST(counts_survive_the_doubling_of_blocks)
{
    presence_init(&p);
    for (uint64_t place = 1; place <= 10000; place++)
        presence_add(&p, place);
    assert_int_equal(p.width, 4);
    assert_int_equal(p.total, 10000);
    assert_int_equal(p.counts[0], 3); /* places start at 1 */
    assert_int_equal(p.counts[1], 4);
    presence_add(&p, 4096 * 64 - 1);
    assert_int_equal(p.width, 64);
    for (uint64_t place = 1; place <= 10000; place++)
        presence_remove(&p, place);
    assert_int_equal(p.total, 1);
    assert_int_equal(p.counts[4095], 1);
    assert_int_equal(p.counts[0], 0);
}

TEST(blocks_are_packed_as_a_map_in_which_empty_ones_are_missing)
{
    static const unsigned char packed[] = {0xce, 0, 0, 0, 128, 0xdf, 0, 0, 0, 2, 1, 2,
                                           0xce, 0, 0, 1, 0x2c, 0xce, 0, 0, 1, 0};
    struct wr_buf out = {0};
    presence_init(&p);
    presence_add(&p, 4096 * 64); /* one past the last that width 64 holds */
    presence_remove(&p, 4096 * 64);
    presence_add(&p, 128);
    presence_add(&p, 255);
    for (int i = 0; i < 256; i++)
        presence_add(&p, 300 * 128);
    presence_pack(&p, &out);
    assert_int_equal(out.len, sizeof packed);
    assert_memory_equal(out.at, packed, sizeof packed);
    wr_buf_free(&out);
}

TEST(a_width_past_32_bits_is_packed_whole)
{
    static const unsigned char packed[] = {0xcf, 0, 0, 0, 2, 0, 0, 0, 0, 0xdf, 0, 0, 0, 0};
    struct wr_buf out = {0};
    presence_init(&p);
    presence_add(&p, 4096 * ((uint64_t)2 << 32) - 1);
    presence_remove(&p, 4096 * ((uint64_t)2 << 32) - 1);
    presence_pack(&p, &out);
    assert_int_equal(out.len, sizeof packed);
    assert_memory_equal(out.at, packed, sizeof packed);
    wr_buf_free(&out);
}

static const char table[] = "\0\0\0\0\0\0\0\x07"
                            "\0\0\0\0\0\0\0\x10"
                            "\0\0\0\x02"
                            "\0\0\0\x0a"
                            "\0\0\1\0";

TEST(ahead_adds_up_the_blocks_before_and_the_part_of_its_own)
{
    assert_int_equal(presence_table_read(&t, table, sizeof table - 1, 9), WR_OK);
    assert_int_equal(t.version, 7);
    assert_true(presence_ahead(&t, 0) == 0);
    assert_true(presence_ahead(&t, 8) == 5);
    assert_true(presence_ahead(&t, 16) == 10);
    assert_true(presence_ahead(&t, 24) == 138);
    assert_true(presence_ahead(&t, 9999) == 266);
}

TEST(who_took_a_place_after_the_table_was_made_counts_as_ahead)
{
    assert_int_equal(presence_table_read(&t, table, sizeof table - 1, 9), WR_OK); /* up to place 31 */
    assert_true(presence_ahead_of_newcomer(&t, 20, 24) == 138);  /* in the table: it tells */
    assert_true(presence_ahead_of_newcomer(&t, 20, 32) == 266);  /* the first behind its end */
    assert_true(presence_ahead_of_newcomer(&t, 20, 40) == 274);  /* 32 to 39 came since */
    assert_true(presence_ahead_of_newcomer(&t, 100, 140) == 306); /* 32 to 99 had been looked at, and are nobody */
    assert_true(presence_ahead_of_newcomer(&t, 100, 60) == 266);
    assert_true(presence_ahead_of_newcomer(NULL, 5, 9) == 4);
    assert_true(presence_ahead_of_newcomer(NULL, 9, 5) == 0);
}

TEST(who_joined_counts_as_ahead_until_a_newer_table_was_read_whatever_time_passes)
{
    t = (struct presence_table){0};
    assert_int_equal(presence_table_read(&t, table, sizeof table - 1, 100), WR_OK); /* up to place 31 */
    assert_true(presence_ahead_of_newcomer(&t, 1, 140) == 266 + 108);
    assert_int_equal(presence_table_read(&t, table, sizeof table - 2, 200), WR_ERR_INVALID);
    assert_int_equal(presence_table_read(&t, table, sizeof table - 2, 300), WR_ERR_INVALID);
    assert_true(presence_ahead_of_newcomer(&t, 1, 140) == 266 + 108); /* looked twice, and saw no newer one */
    assert_int_equal(presence_table_read(&t, table, sizeof table - 1, 130), WR_OK);
    assert_true(presence_ahead_of_newcomer(&t, 1, 140) == 266 + 108); /* it may be older than the counter by a second or two */
    assert_int_equal(presence_table_read(&t, table, sizeof table - 1, 160), WR_OK);
    assert_true(presence_ahead_of_newcomer(&t, 1, 140) == 266 + 39); /* two tables later: 100 and who came before are in it */
    presence_table_skip(&t, 1000);
    assert_true(presence_ahead_of_newcomer(&t, 1, 1003) == 266 + 2);
}

TEST(what_is_no_table_changes_nothing)
{
    char bad[sizeof table];
    assert_int_equal(presence_table_read(&t, table, sizeof table - 1, 9), WR_OK);
    assert_int_equal(presence_table_read(&t, "", 0, 9), WR_ERR_INVALID);
    assert_int_equal(presence_table_read(&t, table, sizeof table - 2, 9), WR_ERR_INVALID);
    memcpy(bad, table, sizeof table);
    bad[15] = 3; /* width no power of two */
    assert_int_equal(presence_table_read(&t, bad, sizeof table - 1, 9), WR_ERR_INVALID);
    bad[15] = 0;
    assert_int_equal(presence_table_read(&t, bad, sizeof table - 1, 9), WR_ERR_INVALID);
    memcpy(bad, table, sizeof table);
    bad[16] = 0x7f; /* more blocks than there are bytes */
    assert_int_equal(presence_table_read(&t, bad, sizeof table - 1, 9), WR_ERR_INVALID);
    assert_true(presence_ahead(&t, 16) == 10);
}
