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

static const char table[] = "\0\0\0\0\0\0\0\x07"
                            "\0\0\0\0\0\0\0\x10"
                            "\0\0\0\x02"
                            "\0\0\0\x0a"
                            "\0\0\1\0";

TEST(ahead_adds_up_the_blocks_before_and_the_part_of_its_own)
{
    assert_int_equal(presence_table_read(&t, table, sizeof table - 1), WR_OK);
    assert_int_equal(t.version, 7);
    assert_true(presence_ahead(&t, 0) == 0);
    assert_true(presence_ahead(&t, 8) == 5);
    assert_true(presence_ahead(&t, 16) == 10);
    assert_true(presence_ahead(&t, 24) == 138);
    assert_true(presence_ahead(&t, 9999) == 266);
}

TEST(what_is_no_table_changes_nothing)
{
    char bad[sizeof table];
    assert_int_equal(presence_table_read(&t, table, sizeof table - 1), WR_OK);
    assert_int_equal(presence_table_read(&t, "", 0), WR_ERR_INVALID);
    assert_int_equal(presence_table_read(&t, table, sizeof table - 2), WR_ERR_INVALID);
    memcpy(bad, table, sizeof table);
    bad[15] = 3; /* width no power of two */
    assert_int_equal(presence_table_read(&t, bad, sizeof table - 1), WR_ERR_INVALID);
    bad[15] = 0;
    assert_int_equal(presence_table_read(&t, bad, sizeof table - 1), WR_ERR_INVALID);
    memcpy(bad, table, sizeof table);
    bad[16] = 0x7f; /* more blocks than there are bytes */
    assert_int_equal(presence_table_read(&t, bad, sizeof table - 1), WR_ERR_INVALID);
    assert_true(presence_ahead(&t, 16) == 10);
}
