#include "generation.h"
#include "../test.h"

static struct line line_of(int64_t run, const char *run_id)
{
    struct line line = {.there = true, .run = run, .gen = 1};
    snprintf(line.run_id, sizeof line.run_id, "%s", run_id);
    return line;
}

TEST(a_line_is_lost_when_it_is_not_there_or_another_process_or_an_earlier_runs)
{
    struct line line = line_of(3, "abc"), absent = {0};
    assert_false(generation_lost(&line, 3, "abc"));
    assert_true(generation_lost(&line, 3, "def"));
    assert_true(generation_lost(&line, 4, "abc"));
    assert_true(generation_lost(&absent, 3, "abc"));
}

TEST(a_line_of_a_later_run_is_not_lost_we_are_behind)
{
    struct line line = line_of(5, "def");
    assert_false(generation_lost(&line, 4, "abc"));
}

TEST(who_comes_second_leaves_the_first_time_to_reach_redis)
{
    struct generation_newest none = {0}, young = {2, "abc", 100}, old = {2, "abc", GENERATION_HALF_OPEN_MS},
                             other = {2, "xyz", 100};
    assert_true(generation_may_open(&none, "abc"));
    assert_false(generation_may_open(&young, "abc"));
    assert_true(generation_may_open(&old, "abc"));
    assert_true(generation_may_open(&other, "abc"));
}
