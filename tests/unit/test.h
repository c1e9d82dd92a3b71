/* test.h - cmocka with tests that register themselves: TEST(a_sentence) { ... }, and nothing else at the end
 * of the file. */
#ifndef WR_TEST_H
#define WR_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define TESTS_MAX 200
static struct CMUnitTest wr_tests[TESTS_MAX];
static size_t wr_test_count;

#define TEST(name)                                                                                           \
    static void name(void **state);                                                                          \
    __attribute__((constructor)) static void register_##name(void)                                           \
    {                                                                                                        \
        assert_true(wr_test_count < TESTS_MAX);                                                              \
        wr_tests[wr_test_count++] = (struct CMUnitTest){#name, name, NULL, NULL, NULL};                      \
    }                                                                                                        \
    static void name(void **state __attribute__((unused)))

int main(void)
{
    return _cmocka_run_group_tests(__FILE__, wr_tests, wr_test_count, NULL, NULL);
}

#endif
