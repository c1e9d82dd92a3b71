#include "drifts.h"
#include "test.h"

static void see(struct drifts *d, const char *what, const char *state)
{
    drifts_add(d, "sale", "sku", state, "drift: %s", what);
}

TEST(only_what_every_look_finds_in_the_same_state_is_kept)
{
    struct drifts d = {0};
    see(&d, "moves", "1");
    see(&d, "stays", "1");
    see(&d, "goes", "1");
    assert_int_equal(drifts_end_look(&d), 3);
    see(&d, "moves", "2");
    see(&d, "stays", "1");
    see(&d, "comes", "1");
    assert_int_equal(drifts_end_look(&d), 1);
    see(&d, "comes", "1");
    see(&d, "moves", "2");
    see(&d, "stays", "1");
    assert_int_equal(drifts_end_look(&d), 1);
    assert_string_equal(d.kept[0].line, "drift: stays");
    assert_int_equal(drifts_end_look(&d), 0);
    see(&d, "stays", "1");
    assert_int_equal(drifts_end_look(&d), 0);
    drifts_free(&d);
}

TEST(a_look_that_finds_nothing_ends_all_doubt)
{
    struct drifts d = {0};
    assert_int_equal(drifts_end_look(&d), 0);
    see(&d, "late", "1");
    assert_int_equal(drifts_end_look(&d), 0);
    drifts_free(&d);
}
