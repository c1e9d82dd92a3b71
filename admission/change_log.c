/* change_log.c
 *
 *   added --> front of the queue --> PostgreSQL: the change and its audit row, one transaction --> next
 *                 ^                        |
 *                 +---- half a second -----+ no answer, refused
 *
 *   a block, written after a generation was opened that had read what was before it
 *      --> once that generation is in force: block_place.lua, unblock_place.lua once more
 *
 * Writing twice is harmless: settings go in by version, blocks by key, and the audit row by the change's id. */
#include "change_log.h"
#include "admissiond.h"
#include "block_place.h"
#include "keyspace.h"
#include "log.h"
#include "lua_admission.h"
#include "sql_admission.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 500
#define AGAIN_MS 100 /* between looks whether the line is there again */

struct entry {
    struct entry *next;
    struct change_log *log;
    struct change change;
    struct wr_buf detail;
    int64_t opened; /* the newest generation when it was written; 0: of settings */
    bool acting;    /* it acts once more: under way */
};
struct change_log {
    struct admissiond *d;
    struct entry *first, **last;
    size_t count, awaited;
    struct entry *again; /* written, to act once more */
    bool writing;
    struct wr_timer *retry, *again_timer;
    void (*written)(struct wr_runtime *rt); /* NULL: nobody waits for the end */
    struct wr_runtime *rt;
};
static void write_next(void *ctx);
static enum wr_err write_entry(struct wr_pg_conn *c, void *ctx);
static void on_written(void *ctx, enum wr_err err);
static bool overtaken(const struct change_log *log, const struct change *change);
static void await_generation(struct change_log *log, struct entry *entry);
static void act_again(void *ctx);
static void on_acted_again(void *ctx, enum wr_err err, const struct wr_reply *reply);

struct change_log *change_log_open(struct admissiond *d)
{
    struct change_log *log = wr_alloc(sizeof *log);
    log->d = d;
    log->last = &log->first;
    log->retry = wr_timer_new(d->loop, write_next, log);
    log->again_timer = wr_timer_new(d->loop, act_again, log);
    return log;
}

static void entry_free(struct entry *entry)
{
    wr_buf_free(&entry->detail);
    free(entry);
}

static void entries_free(struct entry *entry)
{
    for (struct entry *next; entry; entry = next) {
        next = entry->next;
        entry_free(entry);
    }
}

void change_log_close(struct change_log *log)
{
    if (!log)
        return;
    if (log->count)
        wr_warn("changes in force were not recorded", "changes=%zu", log->count);
    entries_free(log->first);
    entries_free(log->again);
    wr_timer_free(log->retry);
    wr_timer_free(log->again_timer);
    free(log);
}

static void tell_when_empty(struct change_log *log)
{
    if (!change_log_idle(log) || !log->written)
        return;
    void (*written)(struct wr_runtime * rt) = log->written;
    log->written = NULL;
    written(log->rt);
}

bool change_log_idle(const struct change_log *log)
{
    return !log->count && !log->again && !log->awaited;
}

void change_log_await(struct change_log *log)
{
    log->awaited++;
}

void change_log_came(struct change_log *log)
{
    log->awaited--;
    tell_when_empty(log);
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

static bool same_place(const struct change *a, const struct change *b)
{
    return a->kind != CHANGE_SETTINGS && b->kind != CHANGE_SETTINGS && a->run == b->run && a->place == b->place;
}

/* What was to act once more is overtaken by a change that was made since. */
static void forget_again(struct change_log *log, const struct change *change)
{
    for (struct entry **at = &log->again; *at;) {
        struct entry *entry = *at;
        if (!entry->acting && same_place(&entry->change, change)) {
            *at = entry->next;
            entry_free(entry);
        } else {
            at = &entry->next;
        }
    }
}

void change_log_add(struct change_log *log, const struct change *change)
{
    forget_again(log, change);
    struct entry *entry = wr_alloc(sizeof *entry);
    entry->log = log;
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
    const char *settings[] = {change->sale,          WR_PG_INT(s->rate),   WR_PG_INT(s->burst_ms),
                              wr_mode_name(s->mode), s->message,           WR_PG_INT(s->cap),
                              WR_PG_INT(s->factor),  WR_PG_INT(s->version)};
    const char *place[] = {WR_PG_INT(change->run), "0", WR_PG_INT(change->place), change->reason};
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

/* After the change: a generation that was opened without it has let go of the row by now, and a later one is opened
 * with it. */
static enum wr_err read_generation(struct wr_pg_conn *c, struct entry *entry)
{
    struct wr_rows *rows = NULL;
    const char *run[] = {WR_PG_INT(entry->change.run)};
    enum wr_err err = wr_pg_query(c, &wr_sql_lock_ceiling, 1, run, &rows);
    if (err == WR_OK && wr_rows_count(rows) == 1)
        entry->opened = wr_rows_int(rows, 0, "gen");
    wr_rows_free(rows);
    return err;
}

static enum wr_err write_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    const struct change_log *log = ctx;
    struct entry *entry = log->first;
    const char *audit[] = {entry->change.actor, entry->change.action, entry->change.sale, entry->detail.at};
    enum wr_err err = write_change(c, &entry->change);
    if (err == WR_OK && entry->change.kind != CHANGE_SETTINGS)
        err = read_generation(c, entry);
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
    if (err == WR_OK && entry->opened > entry->change.gen && !overtaken(log, &entry->change))
        await_generation(log, entry);
    else
        entry_free(entry);
    write_next(log);
    tell_when_empty(log);
}

/* A later change of the place is still to be written, and acts once more in its turn. */
static bool overtaken(const struct change_log *log, const struct change *change)
{
    for (const struct entry *entry = log->first; entry; entry = entry->next)
        if (same_place(&entry->change, change))
            return true;
    return false;
}

/* ---- once more ---- */

static void await_generation(struct change_log *log, struct entry *entry)
{
    entry->next = log->again;
    log->again = entry;
    wr_timer_start(log->again_timer, 0, 0);
}

static void end_again(struct entry *entry)
{
    struct change_log *log = entry->log;
    struct entry **at = &log->again;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry_free(entry);
    tell_when_empty(log);
}

static void send_again(struct entry *entry, const struct sale *sale)
{
    const struct change *change = &entry->change;
    bool block = change->kind == CHANGE_BLOCK;
    const struct wr_script *script = block ? &wr_lua_block_place : &wr_lua_unblock_place;
    struct wr_args args = {0};
    wr_key_script(&args, script, sale->id);
    block_arguments(&args, sale->line.gen, change->place, block ? change->reason : NULL);
    entry->acting = true;
    wr_redis_eval(sale->d->line, script, &args, on_acted_again, entry);
    wr_args_free(&args);
}

static void act_again(void *ctx)
{
    struct change_log *log = ctx;
    for (struct entry *next, *entry = log->again; entry; entry = next) {
        next = entry->next;
        const struct sale *sale = admissiond_sale(log->d, entry->change.sale);
        if (entry->acting || !sale) /* a merchant's change acts on a line before we have loaded its sale */
            continue;
        if (sale->gone || sale->run != entry->change.run)
            end_again(entry);
        else if (sale->line.there && !sale->lost_at_ms && sale->line.gen >= entry->opened)
            send_again(entry, sale);
    }
    if (log->again)
        wr_timer_start(log->again_timer, AGAIN_MS, 0);
}

static void on_acted_again(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct entry *entry = ctx;
    const struct sale *sale = admissiond_sale(entry->log->d, entry->change.sale);
    entry->acting = false;
    if (!step_done(sale, "act once more", err, reply))
        return; /* tried again */
    wr_info("a block acted once more on a line that was opened without it", "sale=%s action=%s place=%" PRId64, sale->id,
            entry->change.action, entry->change.place);
    end_again(entry);
}
