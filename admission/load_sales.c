/* load_sales.c
 *
 *   Redis: wr:sales, and what is stepped here --> PostgreSQL: sales to run, and which of those are over
 *      \                                                          --> a step of each; what is over: withdraw_sale
 *      \ PostgreSQL has not answered since we started: each sale's document   --> a step of each
 *
 * A sale that is not in an answer goes on as it is: only what PostgreSQL says to be over is withdrawn, for its line
 * goes with it.
 *
 * Without PostgreSQL nothing new is published and no generation opens, but phases, stock left, verification and a
 * merchant's changes go on for what is published already. */
#include "admissiond.h"
#include "keyspace.h"
#include "log.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

struct load {
    struct admissiond *d;
    struct wr_buf asked; /* ids, as an array literal */
    struct wr_rows *rows;
};
static void on_published(void *ctx, enum wr_err err, const struct wr_reply *ids);
static void ask(struct load *op);
static enum wr_err read_sales(struct wr_pg_conn *c, void *ctx);
static void on_sales(void *ctx, enum wr_err err);
static void finish(struct load *op);
static void discover_sales(struct admissiond *d);
static struct sale *take_document(struct admissiond *d, const char *text, size_t len);

void load_sales(struct admissiond *d)
{
    if (d->loading)
        return;
    struct load *op = wr_alloc(sizeof *op);
    op->d = d;
    d->loading = true;
    if (wr_redis_connected(d->line))
        wr_redis_commandv(d->line, on_published, op, "SMEMBERS", WR_KEY_SALES, NULL);
    else
        ask(op);
}

static void on_published(void *ctx, enum wr_err err, const struct wr_reply *ids)
{
    struct load *op = ctx;
    for (size_t i = 0; err == WR_OK && i < wr_reply_count(ids); i++) {
        size_t len;
        const char *id = wr_reply_text(wr_reply_at(ids, i), &len);
        if (wr_sale_valid(id, len))
            wr_pg_array_add(&op->asked, id);
    }
    ask(op);
}

static void ask(struct load *op)
{
    for (const struct sale *sale = op->d->sales; sale; sale = sale->next)
        if (!sale->gone)
            wr_pg_array_add(&op->asked, sale->id);
    wr_pg_array_end(&op->asked);
    if (wr_pg_submit(op->d->pg, read_sales, on_sales, op) != WR_OK)
        finish(op);
}

static enum wr_err read_sales(struct wr_pg_conn *c, void *ctx)
{
    struct load *op = ctx;
    return wr_pg_query(c, &wr_sql_sales_to_run, 2, (const char *[]){op->asked.at, NULL}, &op->rows);
}

void take_recorded(struct admissiond *d, const struct wr_rows *rows, size_t i)
{
    const char *document = wr_rows_text(rows, i, "document");
    struct sale *sale = take_document(d, document, strlen(document));
    if (!sale)
        return;
    const char *message = wr_rows_text(rows, i, "message");
    struct settings *settings = &sale->settings;
    settings->version = wr_rows_int(rows, i, "settings_version");
    settings->rate = wr_rows_int(rows, i, "rate_per_minute");
    settings->burst_ms = wr_rows_int(rows, i, "burst_ms");
    settings->cap = wr_rows_int(rows, i, "cap");
    settings->factor = wr_rows_int(rows, i, "factor_percent");
    const char *mode = wr_rows_text(rows, i, "mode"), *phase = wr_rows_text(rows, i, "phase");
    bool understood = wr_mode_parse(mode, &settings->mode);
    understood &= wr_phase_parse(phase, &sale->phase_recorded);
    if (!understood)
        wr_error("mode or phase of a sale not understood", "sale=%s mode=\"%.20s\" phase=\"%.20s\"", sale->id,
                 mode, phase);
    wr_copy_text(settings->message, sizeof settings->message, message, strlen(message));
    sale->away_limit_s = wr_rows_int(rows, i, "away_limit_s");
    sale->recorded = true;
    sale->gone = wr_rows_bool(rows, i, "over");
    sale->withdrawn &= sale->gone;
}

static void on_sales(void *ctx, enum wr_err err)
{
    struct load *op = ctx;
    struct admissiond *d = op->d;
    wr_metric_set(METRIC_DATABASE, err == WR_OK);
    if (err == WR_OK) {
        d->loaded = true;
        for (size_t i = 0; i < wr_rows_count(op->rows); i++)
            take_recorded(d, op->rows, i);
        int64_t stepped = 0;
        for (struct sale *sale = d->sales; sale; sale = sale->next) {
            stepped += !sale->gone;
            if (sale->gone)
                withdraw_sale(sale);
            else if (!sale->line_at_ms)
                step_line(sale);
        }
        wr_metric_set(METRIC_SALES, stepped);
    } else if (!d->loaded) {
        discover_sales(d);
    }
    finish(op);
}

static void finish(struct load *op)
{
    op->d->loading = false;
    wr_rows_free(op->rows);
    wr_buf_free(&op->asked);
    free(op);
}

/* ---- from Redis ---- */

struct discovery {
    struct admissiond *d;
    char id[WR_SALE_LEN + 1];
};
static void on_ids(void *ctx, enum wr_err err, const struct wr_reply *ids);
static void on_document(void *ctx, enum wr_err err, const struct wr_reply *reply);

static void discover_sales(struct admissiond *d)
{
    if (wr_redis_connected(d->line))
        wr_redis_commandv(d->line, on_ids, d, "SMEMBERS", WR_KEY_SALES, NULL);
}

static void on_ids(void *ctx, enum wr_err err, const struct wr_reply *ids)
{
    struct admissiond *d = ctx;
    if (err != WR_OK)
        return;
    char key[WR_KEY_MAX];
    for (size_t i = 0; i < wr_reply_count(ids); i++) {
        size_t len;
        const char *id = wr_reply_text(wr_reply_at(ids, i), &len);
        if (!wr_sale_valid(id, len) || admissiond_sale(d, id))
            continue;
        wr_redis_commandv(d->line, on_document, d, "GET", wr_key_line_text(key, id, "sale"), NULL);
    }
}

static void on_document(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct admissiond *d = ctx;
    if (err != WR_OK || wr_reply_type(reply) != WR_REPLY_TEXT || d->loaded)
        return;
    size_t len;
    const char *text = wr_reply_text(reply, &len);
    struct sale *sale = take_document(d, text, len);
    if (sale)
        step_line(sale);
}

/* ---- both ---- */

static struct sale *take_document(struct admissiond *d, const char *text, size_t len)
{
    struct wr_json *document;
    if (wr_json_parse(&document, text, len, NULL) != WR_OK)
        return NULL;
    const char *id = wr_json_text(wr_json_get(document, "id"));
    struct sale *sale = id ? admissiond_sale(d, id) : NULL;
    struct sale *added = sale ? NULL : wr_alloc(sizeof *added);
    if (!sale_read_document(sale ? sale : added, document)) {
        wr_error("a sale document is unreadable", "sale=%s", id ? id : "?");
        sale_free(added);
        sale = NULL;
    } else if (added) {
        added->d = d;
        added->next = d->sales;
        d->sales = sale = added;
    }
    wr_json_free(document);
    return sale;
}
