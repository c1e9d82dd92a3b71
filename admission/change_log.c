/* change_log.c
 *
 *   added --> front of the queue --> PostgreSQL: the change and its audit row, one transaction --> next
 *                 ^                        |
 *                 +---- half a second -----+ no answer, refused
 *
 * Writing twice is harmless: settings go in by version, blocks by key, and the audit row by the change's id.
 */
#include "change_log.h"
#include "admissiond.h"
#include "int_text.h"
#include "log.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 500

struct entry {
    struct entry *next;
    struct change change;
    struct wr_buf detail;
};
struct change_log {
    struct admissiond *d;
    struct entry *first, **last;
    size_t count;
    bool writing;
    struct wr_timer *retry;
    void (*written)(struct wr_runtime *rt); /* NULL: nobody waits for the end */
    struct wr_runtime *rt;
};
static void write_next(void *ctx);
static enum wr_err write_entry(struct wr_pg_conn *c, void *ctx);
static void on_written(void *ctx, enum wr_err err);

struct change_log *change_log_open(struct admissiond *d)
{
    struct change_log *log = wr_alloc(sizeof *log);
    log->d = d;
    log->last = &log->first;
    log->retry = wr_timer_new(d->loop, write_next, log);
    return log;
}

static void entry_free(struct entry *entry)
{
    wr_buf_free(&entry->detail);
    free(entry);
}

void change_log_close(struct change_log *log)
{
    if (!log)
        return;
    if (log->count)
        wr_warn("changes in force were not recorded", "changes=%zu", log->count);
    while (log->first) {
        struct entry *entry = log->first;
        log->first = entry->next;
        entry_free(entry);
    }
    wr_timer_free(log->retry);
    free(log);
}

static void tell_when_empty(struct change_log *log)
{
    if (log->count || !log->written)
        return;
    void (*written)(struct wr_runtime * rt) = log->written;
    log->written = NULL;
    written(log->rt);
}

bool change_log_full(const struct change_log *log)
{
    return log->count >= CHANGES_MAX;
}

bool change_log_empty(const struct change_log *log)
{
    return log->count == 0;
}

void change_log_when_empty(struct change_log *log, void (*written)(struct wr_runtime *rt),
                           struct wr_runtime *rt)
{
    log->written = written;
    log->rt = rt;
    tell_when_empty(log);
}

static struct wr_json *describe(const struct change *change)
{
    char id[WR_UUID_LEN + 1];
    wr_uuid7(id);
    if (change->kind != CHANGE_SETTINGS)
        return wr_json_build("{s:s, s:i, s:I, s:s}", "change", id, "lane", 0, "place", change->place,
                             "reason", change->reason);
    const struct settings *s = &change->settings;
    return wr_json_build("{s:s, s:I, s:I, s:I, s:s, s:s, s:I, s:I}", "change", id, "version", s->version,
                         "rate_per_minute", s->rate, "burst_ms", s->burst_ms, "mode", wr_mode_name(s->mode),
                         "message", s->message, "cap", s->cap, "factor_percent", s->factor);
}

void change_log_add(struct change_log *log, const struct change *change)
{
    struct entry *entry = wr_alloc(sizeof *entry);
    entry->change = *change;
    struct wr_json *detail = describe(change);
    wr_json_render(detail, &entry->detail);
    wr_json_free(detail);
    *log->last = entry;
    log->last = &entry->next;
    wr_metric_set(METRIC_CHANGES_WAITING, (int64_t)++log->count);
    write_next(log);
}

static void write_next(void *ctx)
{
    struct change_log *log = ctx;
    if (log->writing || !log->first)
        return;
    if (wr_pg_submit(log->d->pg, write_entry, on_written, log) == WR_OK)
        log->writing = true;
    else
        wr_timer_start(log->retry, RETRY_MS, 0);
}

/* ---- on the pool thread: the first entry is its own while `writing` ---- */

static enum wr_err write_change(struct wr_pg_conn *c, const struct change *change)
{
    const struct settings *s = &change->settings;
    const char *settings[] = {change->sale, INT(s->rate), INT(s->burst_ms), wr_mode_name(s->mode),
                              s->message,   INT(s->cap),  INT(s->factor),   INT(s->version)};
    const char *place[] = {INT(change->run), "0", INT(change->place), change->reason};
    switch (change->kind) {
    case CHANGE_SETTINGS:
        return wr_pg_query(c, &wr_sql_record_settings, 8, settings, NULL);
    case CHANGE_BLOCK:
        return wr_pg_query(c, &wr_sql_insert_block, 4, place, NULL);
    case CHANGE_UNBLOCK:
        return wr_pg_query(c, &wr_sql_delete_block, 3, place, NULL);
    }
    return WR_ERR_INTERNAL;
}

static enum wr_err write_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    const struct change_log *log = ctx;
    const struct entry *entry = log->first;
    const char *audit[] = {entry->change.actor, entry->change.action, entry->change.sale, entry->detail.at};
    enum wr_err err = write_change(c, &entry->change);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_insert_audit, 4, audit, NULL);
    return err;
}

static enum wr_err write_entry(struct wr_pg_conn *c, void *ctx)
{
    return wr_pg_transact(c, write_in_transaction, ctx);
}

/* ---- on the loop ---- */

static void on_written(void *ctx, enum wr_err err)
{
    struct change_log *log = ctx;
    log->writing = false;
    if (err == WR_ERR_BACKEND || err == WR_ERR_NO_ANSWER || err == WR_ERR_BUSY) {
        wr_timer_start(log->retry, RETRY_MS, 0);
        return;
    }
    struct entry *entry = log->first;
    if (err != WR_OK)
        wr_error("PostgreSQL does not accept a change that is in force", "sale=%s action=%s problem=%s",
                 entry->change.sale, entry->change.action, wr_err_slug(err));
    log->first = entry->next;
    if (!log->first)
        log->last = &log->first;
    wr_metric_set(METRIC_CHANGES_WAITING, (int64_t)--log->count);
    entry_free(entry);
    write_next(log);
    tell_when_empty(log);
}
