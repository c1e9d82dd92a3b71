/* Any command line, one argument a line: what is accepted lies within its bounds, what is refused has a
 * reason. */
#include "options.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct config {
    struct wr_service_config service;
    const char *database;
    int64_t threads;
};
static const struct wr_option table[] = {
    WR_OPT_TEXT(struct config, database, "--database", "FUZZ_DATABASE", NULL, "Where the database is."),
    WR_OPT_INT(struct config, threads, "--threads", "FUZZ_THREADS", "4", 1, 16, "How many threads."),
    {0},
};
static int run(const void *config, int argc, char **argv)
{
    (void)config, (void)argc, (void)argv;
    return 0;
}
static const struct wr_command commands[] = {{"keys", "keys", run}, {0}};
static const struct wr_service service = {.name = "fuzzd",
                                          .summary = "",
                                          .options = table,
                                          .config_size = sizeof(struct config),
                                          .preforks = true,
                                          .commands = commands};

#define ARGS_MAX 30

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = wr_dup(data, size), *argv[ARGS_MAX + 2], name[] = "fuzzd";
    int argc = 0;
    struct config config = {0};
    struct wr_buf why = {0};
    argv[argc++] = name;
    for (char *line = text; line && argc <= ARGS_MAX;) {
        char *end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        argv[argc++] = line;
        line = end;
    }
    argv[argc] = NULL;
    struct wr_invocation in = wr_options_read(&service, argc, argv, &config, &why);
    if ((in.kind == WR_INVOKED_WRONG) != (why.len > 0))
        abort();
    if (in.kind == WR_INVOKED_SERVE &&
        (config.threads < 1 || config.threads > 16 || config.service.workers < 1 || !config.database[0] ||
         !config.service.listen[0]))
        abort();
    if (in.kind == WR_INVOKED_COMMAND && (!in.command || in.argc < 0 || in.argc >= argc))
        abort();
    wr_buf_free(&why);
    free(text);
    return 0;
}
