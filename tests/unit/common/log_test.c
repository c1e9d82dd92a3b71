#include "test.h"
#include "log.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What `write` logs, as text: stderr is a file meanwhile. */
static char *logged(void (*write_lines)(void))
{
    static char text[65536];
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    assert_true(file && saved >= 0);
    dup2(fileno(file), STDERR_FILENO);
    write_lines();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

static int lines_with(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        count++;
    return count;
}

static void one_line(void)
{
    wr_log_open(WR_LOG_INFO, "testd");
    wr_info("order held", "order=%s ms=%d", "abc", 3);
    wr_debug("not shown", "");
    wr_warn("bare", "");
}

TEST(an_event_is_one_line)
{
    char *text = logged(one_line);
    assert_non_null(strstr(text, "Z level=info msg=\"order held\" order=abc ms=3 process=testd pid="));
    assert_non_null(strstr(text, "level=warn msg=\"bare\" process=testd"));
    assert_null(strstr(text, "not shown"));
    assert_int_equal(lines_with(text, "\n"), 2);
    assert_int_equal(text[24], ' ');
}

static void forged_line(void)
{
    wr_info("client said", "what=\"%s\"", "a\nlevel=error msg=\"forged\"\x1b[31m");
}

TEST(control_characters_cannot_forge_a_line)
{
    char *text = logged(forged_line);
    assert_int_equal(lines_with(text, "\n"), 1);
    assert_non_null(strstr(text, "a?level=error"));
    assert_null(strchr(text, '\x1b'));
}

static void quoting_line(void)
{
    wr_info("client said", "what=\"%s\" where=\"%.*s\" n=%zu l=%lld d=%-3d%% why=\"%m\"",
            "a\" level=error msg=\"forged\" end=\"\\", 4, "here and there", (size_t)7, -5LL, 3);
}

TEST(quotes_cannot_forge_a_pair)
{
    errno = ENOENT;
    char *text = logged(quoting_line);
    assert_non_null(strstr(
        text, " what=\"a\\\" level=error msg=\\\"forged\\\" end=\\\"\\\\\" where=\"here\" n=7 l=-5 d=3  % "
              "why=\"No such file or directory\""));
}

static void very_long_line(void)
{
    char *wide = malloc(100000);
    memset(wide, 'x', 99999);
    wide[99999] = '\0';
    wr_info("long", "what=\"%s\"", wide);
    free(wide);
}

TEST(a_line_is_bounded_and_ends)
{
    char *text = logged(very_long_line);
    size_t len = strlen(text);
    assert_true(len <= 2048);
    assert_int_equal(text[len - 1], '\n');
    assert_int_equal(lines_with(text, "process=testd"), 1);
    assert_non_null(strstr(text, "x\" process=testd")); /* the quotes are closed */
}

static void flood(void)
{
    static const char *const msg = "flood"; /* one literal, one address */
    for (int i = 0; i < 500; i++)
        wr_warn(msg, "i=%d", i);
    usleep(1050 * 1000); /* the limit is one of time: nothing to wait for but the second */
    wr_warn(msg, "i=last");
}

TEST(a_repeated_message_is_limited_and_the_dropped_ones_counted)
{
    char *text = logged(flood);
    int lines = lines_with(text, "msg=\"flood\"");
    assert_true(lines >= 21 && lines <= 41); /* the flood may straddle two seconds */
    assert_non_null(strstr(text, "i=last suppressed="));
}

TEST(levels_have_names)
{
    enum wr_log_level level;
    assert_true(wr_log_level_parse("warn", &level));
    assert_int_equal(level, WR_LOG_WARN);
    assert_false(wr_log_level_parse("WARN", &level));
    assert_false(wr_log_level_parse("", &level));
}
