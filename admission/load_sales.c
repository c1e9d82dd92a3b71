/* load_sales.c
 *
 *   PostgreSQL: sales to run --> the sales this instance steps --> a step of each
 *      \ those it no longer runs: withdraw_sale
 *   Redis: wr:sales --> each sale's document -->  the same, while PostgreSQL has not answered since we
 * started
 *
 * Without PostgreSQL nothing new is published and no generation opens, but phases, stock left, verification
 * and a merchant's changes go on for what is published already. */
#include "admissiond.h"
#include "keys.h"
#include "log.h"
#include "phase.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

struct load {
    struct admissiond *d;
    struct wr_rows *rows;
};
static enum wr_err read_sales(struct wr_pg_conn *c, void *ctx);
static void on_sales(void *ctx, enum wr_err err);
static struct sale *take_document(struct admissiond *d, const char *text, size_t len);

void load_sales(struct admissiond *d)
{
    if (d->loading)
        return;
    struct load *op = wr_alloc(sizeof *op);
    op->d = d;
    if (wr_pg_submit(d->pg, read_sales, on_sales, op) != WR_OK) {
        free(op);
        return;
    }
    d->loading = true;
}

static enum wr_err read_sales(struct wr_pg_conn *c, void *ctx)
{
    struct load *op = ctx;
    return wr_pg_query(c, &wr_sql_sales_to_run, 0, NULL, &op->rows);
}

static void take_row(struct admissiond *d, const struct wr_rows *rows, size_t i)
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
    mode_of(wr_rows_text(rows, i, "mode"), &settings->mode);
    wr_copy_text(settings->message, sizeof settings->message, message, strlen(message));
    phase_of(wr_rows_text(rows, i, "phase"), &sale->phase_recorded);
    sale->away_limit_s = wr_rows_int(rows, i, "away_limit_s");
    sale->recorded = true;
    sale->gone = sale->withdrawn = false;
}

static void on_sales(void *ctx, enum wr_err err)
{
    struct load *op = ctx;
    struct admissiond *d = op->d;
    d->loading = false;
    wr_metric_set(METRIC_DATABASE, err == WR_OK);
    if (err == WR_OK) {
        d->loaded = true;
        for (struct sale *sale = d->sales; sale; sale = sale->next)
            sale->gone = true;
        size_t count = wr_rows_count(op->rows);
        for (size_t i = 0; i < count; i++)
            take_row(d, op->rows, i);
        wr_metric_set(METRIC_SALES, (int64_t)count);
        for (struct sale *sale = d->sales; sale; sale = sale->next)
            if (sale->gone)
                withdraw_sale(sale);
            else if (!sale->line_at_ms)
                step_line(sale);
    } else if (!d->loaded) {
        discover_sales(d);
    }
    wr_rows_free(op->rows);
    free(op);
}

/* ---- from Redis ---- */

struct discovery {
    struct admissiond *d;
    char id[WR_SALE_LEN + 1];
};
static void on_ids(void *ctx, enum wr_err err, const struct wr_reply *ids);
static void on_document(void *ctx, enum wr_err err, const struct wr_reply *reply);

void discover_sales(struct admissiond *d)
{
    if (wr_redis_connected(d->line))
        wr_redis_commandv(d->line, on_ids, d, "SMEMBERS", KEY_SALES, NULL);
}

static void on_ids(void *ctx, enum wr_err err, const struct wr_reply *ids)
{
    struct admissiond *d = ctx;
    if (err != WR_OK)
        return;
    char key[KEY_MAX];
    for (size_t i = 0; i < wr_reply_count(ids); i++) {
        size_t len;
        const char *id = wr_reply_text(wr_reply_at(ids, i), &len);
        if (!wr_sale_valid(id, len) || admissiond_sale(d, id))
            continue;
        wr_redis_commandv(d->line, on_document, d, "GET", key_text(key, id, "sale"), NULL);
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
