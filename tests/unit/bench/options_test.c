#include "test.h"
#include "options.h"
#include <stddef.h>
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

TEST(a_limit_of_the_acknowledgement_is_in_milliseconds_and_none_by_itself)
{
    assert_int_equal(read_options("--ack-p99", "100", "--least", "99"), -1);
    assert_int_equal(o.ack_p99_ms, 100);
    assert_int_equal(o.least_percent, 99);
    assert_int_equal(read_options(NULL, NULL, NULL, NULL), -1);
    assert_int_equal(o.ack_p99_ms, 0);
    assert_int_equal(o.least_percent, 0);
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

#define AT(field) offsetof(struct options, field)
TEST(every_option_of_a_whole_number_is_read_into_its_own_field)
{
    static const struct {
        const char *flag;
        size_t offset;
    } numbers[] = {{"--shoppers", AT(shoppers)},
                   {"--stock", AT(stock)},
                   {"--burst-ms", AT(burst_ms)},
                   {"--seed", AT(seed)},
                   {"--admission", AT(admission_s)},
                   {"--hold", AT(hold_s)},
                   {"--processes", AT(processes)},
                   {"--gather", AT(gather_s)},
                   {"--timeout", AT(timeout_s)},
                   {"--least", AT(least_percent)},
                   {"--ack-p99", AT(ack_p99_ms)}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_int_equal(read_options(numbers[i].flag, "4321", NULL, NULL), -1);
        const struct options given = o;
        assert_int_equal(*(const int64_t *)(const void *)((const char *)&given + numbers[i].offset), 4321);
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++)
            assert_true(j == i || *(const int64_t *)(const void *)((const char *)&given + numbers[j].offset) != 4321);
    }
}

TEST(every_option_of_a_text_is_read_into_its_own_field)
{
    static const struct {
        const char *flag;
        size_t offset;
    } texts[] = {{"--sale", AT(sale)},
                 {"--url", AT(url)},
                 {"--direct", AT(direct)},
                 {"--direct-checkout", AT(direct_checkout)},
                 {"--source-addresses", AT(sources)},
                 {"--json", AT(json)},
                 {"--database", AT(database)},
                 {"--redis-line", AT(redis_line)},
                 {"--redis-stock", AT(redis_stock)},
                 {"--merchant-key", AT(merchant_key)}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_options(texts[i].flag, "given", NULL, NULL), -1);
        assert_string_equal(*(const char *const *)(const void *)((const char *)&o + texts[i].offset), "given");
    }
}
#undef AT

TEST(shares_of_the_crowd_are_in_percent)
{
    assert_int_equal(read_options("--absent", "12%", "--abandon", "7"), -1);
    assert_true(o.absent > 0.1199 && o.absent < 0.1201);
    assert_true(o.abandon > 0.0699 && o.abandon < 0.0701);
    assert_int_equal(read_options("--reconnect=33", NULL, NULL, NULL), -1);
    assert_true(o.reconnect > 0.3299 && o.reconnect < 0.3301);
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
