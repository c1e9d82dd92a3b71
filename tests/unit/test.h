/* test.h - cmocka with tests that register themselves: TEST(a_sentence) { ... }, and nothing else at the end
 * of the file. Functions of the file that go around each test or around all of them are named by macros
 * before this is included: WR_TEST_SETUP, WR_TEST_TEARDOWN, WR_GROUP_SETUP, WR_GROUP_TEARDOWN. */
#ifndef WR_TEST_H
#define WR_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#ifdef WR_TEST_SETUP
static int WR_TEST_SETUP(void **state);
#else
#define WR_TEST_SETUP NULL
#endif
#ifdef WR_TEST_TEARDOWN
static int WR_TEST_TEARDOWN(void **state);
#else
#define WR_TEST_TEARDOWN NULL
#endif
#ifdef WR_GROUP_SETUP
static int WR_GROUP_SETUP(void **state);
#else
#define WR_GROUP_SETUP NULL
#endif
#ifdef WR_GROUP_TEARDOWN
static int WR_GROUP_TEARDOWN(void **state);
#else
#define WR_GROUP_TEARDOWN NULL
#endif

#define TESTS_MAX 200
static struct CMUnitTest wr_tests[TESTS_MAX];
static size_t wr_test_count;

#define TEST(name)                                                                                           \
    static void name(void **state);                                                                          \
    __attribute__((constructor)) static void register_##name(void)                                           \
    {                                                                                                        \
        assert_true(wr_test_count < TESTS_MAX);                                                              \
        wr_tests[wr_test_count++] = (struct CMUnitTest){#name, name, WR_TEST_SETUP, WR_TEST_TEARDOWN, NULL}; \
    }                                                                                                        \
    static void name(void **state __attribute__((unused)))

/* WR_TEST=a_sentence runs that test alone; the arguments `I N` run one part of N: the tests I, I + N and so
 * on. */
int main(int argc, char **argv)
{
    size_t first = argc > 2 ? strtoul(argv[1], NULL, 10) : 0, count = 0;
    size_t step = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    for (size_t i = first; i < wr_test_count; i += step)
        wr_tests[count++] = wr_tests[i];
    cmocka_set_test_filter(getenv("WR_TEST"));
    return _cmocka_run_group_tests(__FILE__, wr_tests, count, WR_GROUP_SETUP, WR_GROUP_TEARDOWN);
}

#endif
