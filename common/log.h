/* log.h - one event a line on stderr: `2026-01-02T03:04:05.678Z level=info msg="order held" order=... ms=3`.
 *
 * Never tokens, secrets or personal data. Of the arguments, control characters become '?', a quote and a backslash
 * get a backslash before them, and 1 KB is kept. The same message is
 * printed at most 20 times a second; what was dropped is counted in the next line (`suppressed=N`). */
#ifndef WR_LOG_H
#define WR_LOG_H
#include "err.h"
#include <stdbool.h>

enum wr_log_level { WR_LOG_DEBUG, WR_LOG_INFO, WR_LOG_WARN, WR_LOG_ERROR };

/* Before threads; `process` is kept: a literal. */
void wr_log_open(enum wr_log_level least, const char *process);
bool wr_log_level_parse(const char *text, enum wr_log_level *out);
/* `msg` is a literal; `fmt` is the key=value part, "" for none; quote text values: what="%s". */
void wr_log(enum wr_log_level level, const char *msg, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#define wr_debug(msg, ...) wr_log(WR_LOG_DEBUG, msg, __VA_ARGS__)
#define wr_info(msg, ...) wr_log(WR_LOG_INFO, msg, __VA_ARGS__)
#define wr_warn(msg, ...) wr_log(WR_LOG_WARN, msg, __VA_ARGS__)
#define wr_error(msg, ...) wr_log(WR_LOG_ERROR, msg, __VA_ARGS__)

#endif
