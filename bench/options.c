#include "options.h"
#include "mem.h"
#include <ctype.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads `text` into the options; false: it is not of this option's form. */
typedef bool read_fn(struct options *o, size_t offset, const char *text);

static bool read_text(struct options *o, size_t offset, const char *text)
{
    *(const char **)(void *)((char *)o + offset) = *text ? text : NULL;
    return true;
}

static bool read_whole(const char *text, int64_t *out)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    *out = n;
    return end != text && !*end && n >= 0 && n <= 100000000;
}

static bool read_int(struct options *o, size_t offset, const char *text)
{
    return read_whole(text, (int64_t *)(void *)((char *)o + offset));
}

static bool read_percent(struct options *o, size_t offset, const char *text)
{
    char *end;
    double n = strtod(text, &end);
    *(double *)(void *)((char *)o + offset) = n / 100;
    return end != text && (!*end || strcmp(end, "%") == 0) && n >= 0 && n <= 100;
}

static bool read_deaf(struct options *o, size_t offset, const char *text)
{
    o->deaf_more = 0;
    o->deaf = 0;
    return strchr(text, '%') ? read_percent(o, offset, text) : read_whole(text, &o->deaf_more);
}

static bool read_rate(struct options *o, size_t offset, const char *text)
{
    (void)offset;
    char *end;
    double n = strtod(text, &end);
    double per_minute = strcmp(end, "/min") == 0 ? n : n * 60;
    o->rate_per_minute = (int64_t)(per_minute + 0.5);
    return end != text && (!*end || strcmp(end, "/s") == 0 || strcmp(end, "/min") == 0) && per_minute >= 1 &&
           per_minute <= 6000000;
}

static bool read_skew(struct options *o, size_t offset, const char *text)
{
    (void)offset;
    char *end;
    double seconds = strtod(text, &end);
    o->skew_ms = (int64_t)(seconds * 1000);
    o->skew = strcmp(end, ":front") == 0 ? SKEW_FRONT : strcmp(end, ":back") == 0 ? SKEW_BACK : SKEW_EVEN;
    return end != text && seconds >= 0 && seconds <= 86400 && (!*end || o->skew != SKEW_EVEN);
}

static const struct option {
    const char *flag, *env, *fallback;
    read_fn *read;
    size_t offset;
    const char *form, *help;
} table[] = {
#define AT(field) offsetof(struct options, field)
    {"--shoppers", NULL, "1000", read_int, AT(shoppers), "N", "how many shoppers"},
    {"--stock", NULL, "100", read_int, AT(stock), "N", "units on sale, when the sale is made here"},
    {"--rate", NULL, NULL, read_rate, 0, "N/s|N/min",
     "drip rate; sets it when --sale is given (100/s, or as the sale has it)"},
    {"--burst-ms", NULL, "500", read_int, AT(burst_ms), "MS",
     "burst of a sale that is made here, as drip time"},
    {"--seed", NULL, "1", read_int, AT(seed), "N", "who does what, and when, follows from this alone"},
    {"--skew", NULL, "2", read_skew, 0, "S[:front|:back]",
     "arrivals spread over S seconds, evenly or crowded to one end"},
    {"--absent", NULL, "5", read_percent, AT(absent), "P%", "shoppers who join, close and never come back"},
    {"--deaf", NULL, "5%", read_deaf, AT(deaf), "P%|N",
     "sockets that stay open and never answer: a share, or N more"},
    {"--abandon", NULL, "4", read_percent, AT(abandon), "P%",
     "shoppers who are admitted and let it lapse: half never buy, half buy and never pay"},
    {"--reconnect", NULL, "10", read_percent, AT(reconnect), "P%",
     "shoppers who drop in the line and return with their ticket"},
    {"--sale", NULL, "", read_text, AT(sale), "ID",
     "an existing sale; without it one is made that starts now"},
    {"--admission", NULL, "30", read_int, AT(admission_s), "S",
     "life of a token in a sale that is made here"},
    {"--hold", NULL, "20", read_int, AT(hold_s), "S", "time to pay in a sale that is made here"},
    {"--url", "WR_PUBLIC_URL", "http://localhost:7080", read_text, AT(url), "URL", "the public origin"},
    {"--direct", NULL, "", read_text, AT(direct), "HOST:PORT,...",
     "sessions and sockets straight to these workers"},
    {"--direct-checkout", NULL, "", read_text, AT(direct_checkout), "HOST:PORT",
     "checkouts and status straight to this one"},
    {"--source-addresses", NULL, "", read_text, AT(sources), "A-B",
     "connect from 127.0.0.A to 127.0.0.B in turn"},
    {"--processes", NULL, "0", read_int, AT(processes), "N",
     "how many processes (0: as many as their descriptors need)"},
    {"--gather", NULL, "0", read_int, AT(gather_s), "S",
     "hold the line until everybody has joined, at most S seconds: the drip then meets the whole crowd"},
    {"--timeout", NULL, "0", read_int, AT(timeout_s), "S",
     "end then, whatever is open (0: 300, or never with --sale)"},
    {"--least", NULL, "0", read_int, AT(least_percent), "P",
     "fail when less than P % of the credit that accrued was granted (by our own clock: P - 1 %), or of the tokens taken up"},
    {"--ack-p99", NULL, "0", read_int, AT(ack_p99_ms), "MS",
     "fail when the p99 of the acknowledgement of orders is above MS"},
    {"--json", NULL, "", read_text, AT(json), "FILE", "the report as JSON"},
    {"--database", "WR_DATABASE_URL", "", read_text, AT(database), "URL",
     "PostgreSQL: what became of the orders"},
    {"--redis-line", "WR_REDIS_LINE", "", read_text, AT(redis_line), "ADDRESS", "the line's Redis"},
    {"--redis-stock", "WR_REDIS_STOCK", "", read_text, AT(redis_stock), "ADDRESS", "the stock's Redis"},
    {"--merchant-key", "WR_MERCHANT_KEY", "", read_text, AT(merchant_key), "KEY",
     "to make a sale or set its rate"},
#undef AT
};
enum { OPTIONS = sizeof table / sizeof *table };

static void help(void)
{
    puts("stampede - a crowd of simulated shoppers on a running waitroom, and what became of them\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &table[i];
        char left[64];
        snprintf(left, sizeof left, "%s %s", o->flag, o->form);
        printf("  %-33s %s", left, o->help);
        if (o->env)
            printf("  [%s]", o->env);
        if (o->fallback && *o->fallback)
            printf("  (%s)", o->fallback);
        putchar('\n');
    }
    puts("\nWhat the environment lacks is taken from the `env` file of script/up ($WR_RUN_DIR or .run).\n"
         "Exit status: 0 all invariants hold, 1 one is broken, 2 it could not run.");
}

/* script/up leaves its addresses as `export NAME=value` lines; a variable that is set already stays. */
static void read_env_file(void)
{
    const char *folder = getenv("WR_RUN_DIR");
    char path[PATH_MAX], line[1024];
    snprintf(path, sizeof path, "%s/env", folder ? folder : ".run");
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        char *equals = strchr(line, '=');
        if (strncmp(line, "export ", 7) != 0 || !equals)
            continue;
        *equals = '\0';
        char *value = equals + 1;
        value[strcspn(value, "\r\n")] = '\0';
        size_t kept = 0; /* as the shell quoted it: a backslash before what is special, '' for nothing */
        for (const char *p = value; *p; p++)
            if (*p != '\\' && *p != '\'')
                value[kept++] = *p;
        value[kept] = '\0';
        setenv(line + 7, value, 0);
    }
    fclose(file);
}

static const struct option *find(const char *flag, size_t len)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strlen(table[i].flag) == len && strncmp(table[i].flag, flag, len) == 0)
            return &table[i];
    return NULL;
}

static bool set(struct options *o, const struct option *option, const char *value)
{
    if (option->read(o, option->offset, value))
        return true;
    fprintf(stderr, "stampede: %s wants %s, not \"%s\"\n", option->flag, option->form, value);
    return false;
}

static int check(const struct options *o)
{
    const struct {
        bool wrong;
        const char *why;
    } rules[] = {
        {!o->shoppers && !o->deaf_more, "nobody to send: --shoppers is 0"},
        {o->shoppers + o->deaf_more > 5000000, "more than 5,000,000 shoppers"},
        {!o->database || !o->redis_line || !o->redis_stock,
         "where are PostgreSQL and Redis? Run script/up, or give --database, --redis-line and --redis-stock: the "
         "report is read from them"},
        {(!o->sale || o->rate_per_minute) && !o->merchant_key,
         "WR_MERCHANT_KEY is needed to make a sale or to set its rate"},
        {o->absent + o->abandon + o->deaf > 1, "--absent, --abandon and --deaf are more than everybody"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!rules[i].wrong)
            continue;
        fprintf(stderr, "stampede: %s\n", rules[i].why);
        return 2;
    }
    return -1;
}

static bool set_defaults(struct options *o)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *env = table[i].env ? getenv(table[i].env) : NULL;
        const char *value = env && *env ? env : table[i].fallback;
        if (value && !set(o, &table[i], value))
            return false;
    }
    return true;
}

/* `--flag value` or `--flag=value`; `*i` moves on when the value stands by itself. */
static bool read_flag(struct options *o, int argc, char **argv, int *i)
{
    const char *flag = argv[*i];
    size_t len = strcspn(flag, "=");
    const struct option *option = find(flag, len);
    const char *value = flag[len] ? flag + len + 1 : *i + 1 < argc ? argv[++*i] : NULL;
    if (option && value)
        return set(o, option, value);
    fprintf(stderr, "stampede: %s %s; see --help\n", option ? "no value for" : "unknown option", flag);
    return false;
}

int options_read(struct options *o, int argc, char **argv)
{
    *o = (struct options){0};
    read_env_file();
    if (!set_defaults(o))
        return 2;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help();
            return 0;
        }
        if (!read_flag(o, argc, argv, &i))
            return 2;
    }
    if (!o->sale && !o->rate_per_minute)
        o->rate_per_minute = 6000;
    if (!o->sale && !o->timeout_s)
        o->timeout_s = 300;
    return check(o);
}
