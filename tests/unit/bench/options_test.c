#include "test.h"
#include "options.h"
#include <stdlib.h>
#include <unistd.h>

static struct options o;

/* What every run needs, and nothing from the environment of whoever runs the test. */
static int read_options(const char *a, const char *b, const char *c, const char *d)
{
    static const char *const needed[][2] = {{"WR_DATABASE_URL", "postgresql://x"},
                                            {"WR_REDIS_LINE", "127.0.0.1:1"},
                                            {"WR_REDIS_STOCK", "127.0.0.1:2"},
                                            {"WR_MERCHANT_KEY", "key"},
                                            {"WR_RUN_DIR", "/nonexistent"}};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        setenv(needed[i][0], needed[i][1], 1);
    char *argv[6] = {(char *)(uintptr_t) "stampede"};
    const char *given[] = {a, b, c, d};
    int argc = 1;
    for (size_t i = 0; i < 4 && given[i]; i++)
        argv[argc++] = (char *)(uintptr_t)given[i];
    return options_read(&o, argc, argv);
}

TEST(a_rate_is_per_second_or_per_minute)
{
    assert_int_equal(read_options("--rate", "200/s", NULL, NULL), -1);
    assert_int_equal(o.rate_per_minute, 12000);
    assert_int_equal(read_options("--rate=90/min", NULL, NULL, NULL), -1);
    assert_int_equal(o.rate_per_minute, 90);
    assert_int_equal(read_options("--rate", "0.5/s", NULL, NULL), -1);
    assert_int_equal(o.rate_per_minute, 30);
}

TEST(deaf_ones_are_a_share_of_the_shoppers_or_so_many_more)
{
    assert_int_equal(read_options("--deaf", "20%", NULL, NULL), -1);
    assert_true(o.deaf > 0.199 && o.deaf < 0.201);
    assert_int_equal(o.deaf_more, 0);
    assert_int_equal(read_options("--deaf", "50000", NULL, NULL), -1);
    assert_true(o.deaf == 0);
    assert_int_equal(o.deaf_more, 50000);
}

TEST(a_skew_has_a_length_and_a_shape)
{
    assert_int_equal(read_options("--skew", "1.5:front", NULL, NULL), -1);
    assert_int_equal(o.skew_ms, 1500);
    assert_int_equal(o.skew, SKEW_FRONT);
    assert_int_equal(read_options("--skew", "3", NULL, NULL), -1);
    assert_int_equal(o.skew, SKEW_EVEN);
}

TEST(the_environment_stands_in_and_the_command_line_wins)
{
    assert_int_equal(read_options("--redis-line", "127.0.0.1:9", NULL, NULL), -1);
    assert_string_equal(o.redis_line, "127.0.0.1:9");
    assert_string_equal(o.redis_stock, "127.0.0.1:2");
    assert_null(o.sale);
}

TEST(an_existing_sale_keeps_its_rate_and_has_no_time_limit)
{
    assert_int_equal(read_options("--sale", "demo", NULL, NULL), -1);
    assert_int_equal(o.rate_per_minute, 0);
    assert_int_equal(o.timeout_s, 0);
    assert_int_equal(read_options(NULL, NULL, NULL, NULL), -1);
    assert_int_equal(o.rate_per_minute, 6000);
    assert_int_equal(o.timeout_s, 300);
}

TEST(what_cannot_be_meant_is_refused)
{
    static const char *const bad[][2] = {{"--rate", "fast"}, {"--rate", "10/h"},  {"--shoppers", "-1"},
                                         {"--skew", "2:up"}, {"--absent", "101"}, {"--nonsense", "1"},
                                         {"--json", NULL},   {"--deaf", "x"}};
    int told = dup(STDERR_FILENO);
    assert_non_null(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_options(bad[i][0], bad[i][1], NULL, NULL), 2);
    assert_int_equal(read_options("--absent", "60", "--deaf", "50%"), 2);
    assert_int_equal(read_options("--shoppers", "0", NULL, NULL), 2);
    dup2(told, STDERR_FILENO);
    close(told);
}
