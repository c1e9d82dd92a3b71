/* options.h - the option tables of the frame and a daemon as one: command line over environment over
 * fallback, into a config struct. No I/O but reading the environment. */
#ifndef WR_OPTIONS_H
#define WR_OPTIONS_H
#include "mem.h"
#include "service.h"

enum wr_invocation_kind {
    WR_INVOKED_SERVE,
    WR_INVOKED_COMMAND,
    WR_INVOKED_HELP,
    WR_INVOKED_VERSION,
    WR_INVOKED_DESCRIBE,
    WR_INVOKED_WRONG
};
struct wr_invocation {
    enum wr_invocation_kind kind;
    const struct wr_command *command;
    int argc; /* of the command: what follows its name and is no option */
    char **argv;
};
/* Fills `config` (config_size zeroed bytes; texts point into argv, the environment or the table).
 * WR_INVOKED_WRONG: `why` has a sentence that names the option. Reorders argv. */
struct wr_invocation wr_options_read(const struct wr_service *service, int argc, char **argv, void *config,
                                     struct wr_buf *why);

void wr_options_help(const struct wr_service *service, struct wr_buf *out); /* --help */
/* --describe-options: Markdown, from which docs/configuration.md is made. */
void wr_options_describe(const struct wr_service *service, struct wr_buf *out);

#endif
