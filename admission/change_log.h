/* change_log.h - what a merchant changed and Redis already obeys, on its way to PostgreSQL with its audit
 * row: in order, tried again until it is written. Bounded: past CHANGES_MAX a change is refused before it
 * acts. Blocks act once more when a generation was opened before they were written. */
#ifndef ADMISSION_CHANGE_LOG_H
#define ADMISSION_CHANGE_LOG_H
#include "json.h"
#include "line.h"
#include "sales.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANGES_MAX 1000
#define CHANGE_REASON_MAX 200
#define ACTOR_MAX 64 /* of an audit row: who did it */

enum change_kind { CHANGE_SETTINGS, CHANGE_BLOCK, CHANGE_UNBLOCK };
struct change {
    enum change_kind kind;
    const char *action; /* "rate.set": a literal, for the audit row */
    char actor[ACTOR_MAX];
    char sale[WR_SALE_LEN + 1];
    int64_t run, gen; /* gen: of the line it acted on; not of CHANGE_SETTINGS, which have a version */
    struct settings settings; /* CHANGE_SETTINGS: all that are in force after it */
    int64_t place;            /* CHANGE_BLOCK, CHANGE_UNBLOCK; lane 0 */
    char reason[CHANGE_REASON_MAX + 1];
};

struct admissiond;
struct change_log;
struct wr_runtime;
struct change_log *change_log_open(struct admissiond *d);
void change_log_close(struct change_log *log); /* after PostgreSQL is closed; takes NULL */
bool change_log_full(const struct change_log *log);
bool change_log_empty(const struct change_log *log);
/* Calls `written` once, when nothing waits any more, for PostgreSQL or to act once more: at once or later. */
void change_log_when_empty(struct change_log *log, void (*written)(struct wr_runtime *rt),
                           struct wr_runtime *rt);
void change_log_add(struct change_log *log, const struct change *change); /* copied */
/* Something is under way of which a change may come: the log is not taken for empty until it was said to be over. */
void change_log_await(struct change_log *log);
void change_log_came(struct change_log *log);
/* Nothing waits, and nothing is awaited. */
bool change_log_idle(const struct change_log *log);

#endif
