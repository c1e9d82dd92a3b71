#include "presence_table.h"
#include "presence_format.h"
#include "../test.h"

/* {1000 s, width 64, {0 -> 3, 2 -> 200}} as waitroom/presence.lua packs it */
#define RECORD "\x93\xcd\x03\xe8\x40\xdf\x00\x00\x00\x02\x00\x03\x02\xcc\xc8"
#define LEN (sizeof RECORD - 1)

TEST(records_of_several_workers_are_added_up)
{
    struct presence_sum sum = {0};
    struct wr_buf table = {0};
    assert_true(presence_add(&sum, RECORD, LEN, 1000));
    assert_true(presence_add(&sum, RECORD, LEN, 1002));
    presence_render(&sum, &table);
    assert_int_equal(table.len, wr_presence_size(3));
    assert_int_equal(wr_big_endian(table.at + 8, 8), 64);
    assert_int_equal(wr_big_endian(table.at + 16, 4), 3);
    assert_int_equal(wr_big_endian(table.at + 20, 4), 6);
    assert_int_equal(wr_big_endian(table.at + 24, 4), 0);
    assert_int_equal(wr_big_endian(table.at + 28, 4), 400);
    assert_int_equal(presence_total(table.at, table.len), 406);
    wr_buf_free(&table);
    presence_free(&sum);
}

TEST(a_vanished_workers_shoppers_count_as_away_for_a_minute)
{
    struct presence_sum sum = {0};
    assert_true(presence_add(&sum, RECORD, LEN, 1000 + PRESENCE_AWAY_S));
    assert_int_equal(sum.count, 2);
    assert_true(presence_add(&sum, RECORD, LEN, 1001 + PRESENCE_AWAY_S));
    assert_int_equal(sum.count, 2);
    presence_free(&sum);
}

TEST(blocks_double_until_4096_are_enough_and_nobody_is_lost)
{
    /* {1000 s, width 64, {16383 -> 1, 16384 -> 2}}: 1,048,640 places */
    static const char far[] = "\x93\xcd\x03\xe8\x40\xdf\x00\x00\x00\x02\xcd\x3f\xff\x01\xcd\x40\x00\x02";
    struct presence_sum sum = {0};
    struct wr_buf table = {0};
    assert_true(presence_add(&sum, far, sizeof far - 1, 1000));
    assert_true(presence_add(&sum, RECORD, LEN, 1000));
    presence_render(&sum, &table);
    assert_int_equal(wr_big_endian(table.at + 8, 8), 512);
    assert_true(wr_big_endian(table.at + 16, 4) <= WR_PRESENCE_BLOCKS_MAX);
    assert_int_equal(wr_big_endian(table.at + 20, 4), 203);
    assert_int_equal(presence_total(table.at, table.len), 206);
    wr_buf_free(&table);
    presence_free(&sum);
}

TEST(nobody_at_all_is_a_table_too)
{
    struct presence_sum sum = {0};
    struct wr_buf table = {0};
    presence_render(&sum, &table);
    assert_int_equal(table.len, wr_presence_size(0));
    assert_int_equal(presence_total(table.at, table.len), 0);
    wr_buf_free(&table);
}

TEST(a_record_cut_anywhere_adds_nothing)
{
    struct presence_sum sum = {0};
    for (size_t len = 0; len < LEN; len++)
        assert_false(presence_add(&sum, RECORD, len, 1000));
    assert_int_equal(sum.count, 0);
    presence_free(&sum);
}

TEST(a_record_of_another_shape_adds_nothing)
{
    static const char *const wrong[] = {
        "\x93\xcd\x03\xe8\x00\x81\x01\x01",                                 /* width 0 */
        "\x93\xcd\x03\xe8\x30\x81\x01\x01",                                 /* width no power of two */
        "\x93\xcd\x03\xe8\x40\x92\x01\x01",                                 /* no map */
        "\x93\xcd\x03\xe8\x40\xdf\xff\xff\xff\xff",                         /* more blocks than can be */
        "\x93\xcd\x03\xe8\x40\x81\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x01", /* a block past all places */
    };
    static const size_t lens[] = {8, 8, 8, 10, 16};
    struct presence_sum sum = {0};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++)
        assert_false(presence_add(&sum, wrong[i], lens[i], 1000));
    assert_int_equal(sum.count, 0);
    presence_free(&sum);
}
