#include "test.h"
#include "options.h"
#include <stdlib.h>

struct config {
    struct wr_service_config service;
    const char *database, *issuer;
    int64_t threads;
};
static const struct wr_option table[] = {
    WR_OPT_TEXT(struct config, database, "--database", "TEST_DATABASE", NULL, "Where the database is."),
    WR_OPT_TEXT(struct config, issuer, "--issuer", "TEST_ISSUER", "waitroom", "Who issues; a|b."),
    WR_OPT_INT(struct config, threads, "--threads", "TEST_THREADS", "4", 1, 16, "How many threads."),
    {0},
};
static int run_keys(const void *config, int argc, char **argv)
{
    (void)config, (void)argc, (void)argv;
    return 0;
}
static const struct wr_command commands[] = {{"keys", "keys stage: makes a key", run_keys}, {0}};
static const struct wr_service service = {.name = "testd",
                                          .summary = "a test",
                                          .options = table,
                                          .config_size = sizeof(struct config),
                                          .preforks = true,
                                          .commands = commands};

static struct config config;
static struct wr_buf why;

/* Reads a command line written as one text; the config's texts point into it. */
static struct wr_invocation read_line(const char *line)
{
    static char copy[1000], name[] = "testd";
    static char *argv[40];
    int argc = 0;
    strcpy(copy, line);
    argv[argc++] = name;
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    config = (struct config){0};
    wr_buf_clear(&why);
    return wr_options_read(&service, argc, argv, &config, &why);
}

#define NEEDED "--listen 127.0.0.1:1 --database db "

TEST(the_command_line_wins_over_the_environment_over_the_fallback)
{
    setenv("TEST_THREADS", "7", 1);
    setenv("TEST_ISSUER", "", 1); /* empty: none */
    assert_int_equal(read_line(NEEDED).kind, WR_INVOKED_SERVE);
    assert_int_equal(config.threads, 7);
    assert_string_equal(config.issuer, "waitroom");
    assert_string_equal(config.service.log_level, "info");
    assert_int_equal(config.service.workers, 1);
    assert_int_equal(read_line(NEEDED "--threads=9 --issuer x").kind, WR_INVOKED_SERVE);
    assert_int_equal(config.threads, 9);
    assert_string_equal(config.issuer, "x");
    unsetenv("TEST_THREADS");
}

TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"--database db", "--listen (WR_LISTEN): must be given"},
        {"--listen a:1", "--database (TEST_DATABASE): must be given"},
        {"--listen a:1 --database=", "--database: must not be empty"},
        {NEEDED "--threads 0", "--threads: a whole number from 1 to 16 is expected, not \"0\""},
        {NEEDED "--threads 17", "--threads:"},
        {NEEDED "--threads 4x", "--threads:"},
        {NEEDED "--threads 99999999999999999999", "--threads:"},
        {NEEDED "--threads=", "--threads:"},
        {NEEDED "--threads", "--threads: a value is expected"},
        {NEEDED "--wrong 1", "--wrong: there is no such option"},
        {NEEDED "--workers 0", "--workers:"},
        {NEEDED "--log-level loud", "--log-level (WR_LOG_LEVEL): debug, info, warn or error"},
        {NEEDED "serve", "serve: there is no such command"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_line(bad[i].line).kind, WR_INVOKED_WRONG);
        if (!strstr(why.at, bad[i].says))
            fail_msg("%s: %s", bad[i].line, why.at);
    }
    setenv("TEST_THREADS", "many", 1);
    assert_int_equal(read_line(NEEDED).kind, WR_INVOKED_WRONG);
    assert_non_null(strstr(why.at, "TEST_THREADS: a whole number"));
    unsetenv("TEST_THREADS");
}

TEST(a_command_takes_what_is_no_option_and_needs_nothing_but_its_own)
{
    struct wr_invocation in = read_line("keys activate --issuer x abc");
    assert_int_equal(in.kind, WR_INVOKED_COMMAND);
    assert_string_equal(in.command->name, "keys");
    assert_int_equal(in.argc, 2);
    assert_string_equal(in.argv[0], "activate");
    assert_string_equal(in.argv[1], "abc");
    assert_string_equal(config.issuer, "x");
    assert_string_equal(config.database, "");
}

TEST(help_and_version_need_nothing)
{
    assert_int_equal(read_line("--help").kind, WR_INVOKED_HELP);
    assert_int_equal(read_line("--wrong --version").kind, WR_INVOKED_VERSION);
    assert_int_equal(read_line("keys -h").kind, WR_INVOKED_HELP);
    assert_int_equal(read_line("--describe-options").kind, WR_INVOKED_DESCRIBE);
}

TEST(every_option_is_told)
{
    struct wr_buf help = {0}, markdown = {0};
    wr_options_help(&service, &help);
    wr_options_describe(&service, &markdown);
    for (const char *const *flag =
             (const char *const[]){"--database", "--issuer", "--threads", "--listen",
                                   "--log-level", "--public-url", "--allowed-origins",
                                   "--workers", "--drain-ms", NULL};
         *flag; flag++) {
        assert_non_null(strstr(help.at, *flag));
        assert_non_null(strstr(markdown.at, *flag));
    }
    assert_non_null(strstr(help.at, "How many threads. From 1 to 16. Default: 4."));
    assert_non_null(strstr(help.at, "keys stage"));
    assert_non_null(
        strstr(markdown.at, "| `--threads` | `TEST_THREADS` | `4` | 1 to 16 | How many threads. |"));
    assert_non_null(strstr(markdown.at, "a\\|b"));
    wr_buf_free(&help);
    wr_buf_free(&markdown);
    wr_buf_free(&why);
}
