#include "options.h"
#include "log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define F struct wr_service_config
static const struct wr_option frame_options[] = {
    WR_OPT_TEXT(F, listen, "--listen", "WR_LISTEN", NULL, "Address and port to serve on, ADDR:PORT."),
    WR_OPT_TEXT(F, log_level, "--log-level", "WR_LOG_LEVEL", "info",
                "Least level that is logged: debug, info, warn or error."),
    WR_OPT_TEXT(F, public_url, "--public-url", "WR_PUBLIC_URL", "http://localhost:7080",
                "The one public origin, scheme and host and port; https makes cookies Secure."),
    WR_OPT_TEXT(F, allowed_origins, "--allowed-origins", "WR_ALLOWED_ORIGINS", "",
                "Further origins whose pages may call, separated by commas."),
    WR_OPT_INT(F, drain_ms, "--drain-ms", "WR_DRAIN_MS", "10000", 0, 600000,
               "How long work in flight may take to end after SIGTERM, in ms."),
    {0},
};
static const struct wr_option prefork_options[] = {
    WR_OPT_INT(F, workers, "--workers", "WR_WORKERS", "1", 1, 256, "How many processes share the port."),
    {0},
};
#undef F

/* The rows that count for a service, in the order in which they are shown. */
#define ROWS_MAX 64
struct rows {
    const struct wr_option *at[ROWS_MAX];
    size_t count;
};

static const struct wr_option *find(const struct rows *rows, const char *flag, size_t len)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strlen(rows->at[i]->flag) == len && memcmp(rows->at[i]->flag, flag, len) == 0)
            return rows->at[i];
    }
    return NULL;
}

/* What was added first wins: a daemon may give a frame's option another fallback by a row of its own. */
static void add_table(struct rows *rows, const struct wr_option *table)
{
    for (const struct wr_option *o = table; o && o->flag; o++) {
        if (rows->count < ROWS_MAX && !find(rows, o->flag, strlen(o->flag)))
            rows->at[rows->count++] = o;
    }
}

static struct rows rows_of(const struct wr_service *service)
{
    struct rows rows = {0};
    add_table(&rows, service->options);
    add_table(&rows, frame_options);
    if (service->preforks)
        add_table(&rows, prefork_options);
    return rows;
}

/* ---- reading ---- */

/* `from` is what the operator wrote it as, the flag or the variable. */
static bool set_int(const struct wr_option *o, const char *from, const char *value, void *field,
                    struct wr_buf *why)
{
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (errno || end == value || *end || n < o->min || n > o->max) {
        wr_buf_printf(why, "%s: a whole number from %" PRId64 " to %" PRId64 " is expected, not \"%.60s\"",
                      from, o->min, o->max, value);
        return false;
    }
    *(int64_t *)field = n;
    return true;
}

static bool set(const struct wr_option *o, const char *from, const char *value, void *config,
                struct wr_buf *why)
{
    void *field = (char *)config + o->offset;
    switch (o->type) {
    case WR_OPTION_TEXT:
        if (!o->fallback && !value[0]) {
            wr_buf_printf(why, "%s: must not be empty", from);
            return false;
        }
        *(const char **)field = value;
        return true;
    case WR_OPTION_INT:
        return set_int(o, from, value, field, why);
    }
    abort();
}

/* The value of the flag at argv[*i], which moves on when the value is an argument of its own. NULL: there is
 * none. */
static const char *value_at(int argc, char **argv, int *i)
{
    const char *equals = strchr(argv[*i], '=');
    if (equals)
        return equals + 1;
    return *i + 1 < argc ? argv[++*i] : NULL;
}

/* Takes the options out of argv and leaves what is none in front; returns how many those are, -1 when one is
 * wrong. */
static int read_flags(const struct rows *rows, int argc, char **argv, void *config, bool given[ROWS_MAX],
                      struct wr_buf *why)
{
    int left = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') {
            argv[left++] = argv[i];
            continue;
        }
        const struct wr_option *o = find(rows, argv[i], strcspn(argv[i], "="));
        if (!o) {
            wr_buf_printf(why, "%.60s: there is no such option", argv[i]);
            return -1;
        }
        const char *value = value_at(argc, argv, &i);
        if (!value)
            wr_buf_printf(why, "%s: a value is expected", o->flag);
        if (!value || !set(o, o->flag, value, config, why))
            return -1;
        for (size_t row = 0; row < rows->count; row++)
            given[row] |= rows->at[row] == o;
    }
    return left;
}

static bool must_be_given(const struct wr_option *o, struct wr_buf *why)
{
    wr_buf_text(why, o->flag);
    if (o->env)
        wr_buf_printf(why, " (%s)", o->env);
    wr_buf_text(why, ": must be given");
    return false;
}

/* What was not given as a flag: environment, else fallback. An empty variable counts as none. */
static bool set_unnamed(const struct wr_option *o, bool serving, void *config, struct wr_buf *why)
{
    const char *value = o->env ? getenv(o->env) : NULL;
    if (value && value[0])
        return set(o, o->env, value, config, why);
    if (o->fallback)
        return set(o, o->flag, o->fallback, config, why);
    if (serving)
        return must_be_given(o, why);
    if (o->type == WR_OPTION_TEXT)
        *(const char **)((char *)config + o->offset) = "";
    return true;
}

static bool read_rest(const struct rows *rows, bool serving, void *config, const bool given[ROWS_MAX],
                      struct wr_buf *why)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (!given[i] && !set_unnamed(rows->at[i], serving, config, why))
            return false;
    }
    return true;
}

static bool levels_are_names(const struct wr_service_config *config, struct wr_buf *why)
{
    enum wr_log_level level;
    if (wr_log_level_parse(config->log_level, &level))
        return true;
    wr_buf_printf(why, "--log-level (WR_LOG_LEVEL): debug, info, warn or error is expected, not \"%.60s\"",
                  config->log_level);
    return false;
}

static enum wr_invocation_kind asked_to_print(int argc, char **argv)
{
    static const struct {
        const char *flag;
        enum wr_invocation_kind kind;
    } prints[] = {{"--help", WR_INVOKED_HELP},
                  {"-h", WR_INVOKED_HELP},
                  {"--version", WR_INVOKED_VERSION},
                  {"--describe-options", WR_INVOKED_DESCRIBE}};
    for (int i = 1; i < argc; i++) {
        for (size_t p = 0; p < sizeof prints / sizeof *prints; p++) {
            if (strcmp(argv[i], prints[p].flag) == 0)
                return prints[p].kind;
        }
    }
    return WR_INVOKED_SERVE;
}

static const struct wr_command *find_command(const struct wr_service *service, const char *name)
{
    for (const struct wr_command *c = service->commands; c && c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

struct wr_invocation wr_options_read(const struct wr_service *service, int argc, char **argv, void *config,
                                     struct wr_buf *why)
{
    struct wr_invocation in = {.kind = asked_to_print(argc, argv)};
    struct rows rows = rows_of(service);
    bool given[ROWS_MAX] = {false};
    if (in.kind != WR_INVOKED_SERVE)
        return in;
    in.kind = WR_INVOKED_WRONG;
    int left = read_flags(&rows, argc, argv, config, given, why);
    if (left < 0)
        return in;
    if (left > 0) {
        in.command = find_command(service, argv[0]);
        in.argc = left - 1;
        in.argv = argv + 1;
        if (!in.command) {
            wr_buf_printf(why, "%.60s: there is no such command", argv[0]);
            return in;
        }
    }
    if (!service->preforks)
        ((struct wr_service_config *)config)->workers = 1;
    if (!read_rest(&rows, left == 0, config, given, why) || !levels_are_names(config, why))
        return in;
    in.kind = in.command ? WR_INVOKED_COMMAND : WR_INVOKED_SERVE;
    return in;
}

/* ---- telling ---- */

void wr_options_help(const struct wr_service *service, struct wr_buf *out)
{
    struct rows rows = rows_of(service);
    wr_buf_printf(out, "%s - %s\n\nUsage: %s [OPTION VALUE]...\n", service->name, service->summary,
                  service->name);
    for (const struct wr_command *c = service->commands; c && c->name; c++)
        wr_buf_printf(out, "       %s %s\n", service->name, c->help);
    wr_buf_text(out, "\nAn option can also be given as an environment variable; the command line wins.\n\n");
    for (size_t i = 0; i < rows.count; i++) {
        const struct wr_option *o = rows.at[i];
        wr_buf_printf(out, "  %s%s%s%s\n      %s", o->flag, o->env ? " (" : "", o->env ? o->env : "",
                      o->env ? ")" : "", o->help);
        if (o->type == WR_OPTION_INT)
            wr_buf_printf(out, " From %" PRId64 " to %" PRId64 ".", o->min, o->max);
        if (!o->fallback)
            wr_buf_text(out, " Must be given.");
        else if (o->fallback[0])
            wr_buf_printf(out, " Default: %s.", o->fallback);
        wr_buf_text(out, "\n");
    }
    wr_buf_text(out, "  --help, --version, --describe-options\n      Print and exit.\n");
}

static void add_cell(struct wr_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            wr_buf_text(out, "\\");
        wr_buf_add(out, text, 1);
    }
}

void wr_options_describe(const struct wr_service *service, struct wr_buf *out)
{
    struct rows rows = rows_of(service);
    wr_buf_printf(out, "## %s\n\n%s\n\n", service->name, service->summary);
    wr_buf_text(out, "| option | environment | default | bounds | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < rows.count; i++) {
        const struct wr_option *o = rows.at[i];
        wr_buf_printf(out, "| `%s` | %s%s%s | ", o->flag, o->env ? "`" : "", o->env ? o->env : "",
                      o->env ? "`" : "");
        if (!o->fallback)
            wr_buf_text(out, "must be given");
        else if (o->fallback[0])
            wr_buf_printf(out, "`%s`", o->fallback);
        wr_buf_text(out, " | ");
        if (o->type == WR_OPTION_INT)
            wr_buf_printf(out, "%" PRId64 " to %" PRId64, o->min, o->max);
        wr_buf_text(out, " | ");
        add_cell(out, o->help);
        wr_buf_text(out, " |\n");
    }
    if (service->commands)
        wr_buf_text(out, "\n| command | |\n|---|---|\n");
    for (const struct wr_command *c = service->commands; c && c->name; c++) {
        wr_buf_printf(out, "| `%s %s` | ", service->name, c->name);
        add_cell(out, c->help);
        wr_buf_text(out, " |\n");
    }
}
