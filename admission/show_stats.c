/* show_stats.c
 *
 *   line, read_stats.lua --> stock (Redis) --> orders by status, ledger (PostgreSQL) --> answer
 *      \ the sale has ended and its line is withdrawn --^
 *
 * What a store that is away would have told is missing from the answer, and `away` names it: a merchant sees the line
 * also while PostgreSQL is down. */
#include "keyspace.h"
#include "lua_admission.h"
#include "merchant.h"
#include "presence_table.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

struct stats {
    struct admissiond *d;
    struct wr_request *req;
    char sale[WR_SALE_LEN + 1];
    struct line line;
    int64_t inside, ready, waiting;
    struct wr_json *stock, *away;
    struct wr_rows *orders, *ledger;
};
static void build(void *op, struct wr_args *args, const struct line *line);
static void on_line(struct admissiond *d, struct wr_request *req, void *op, const char *sale,
                    const struct line *line, const struct wr_reply *reply);
static void on_ended(struct admissiond *d, struct wr_request *req, const char *sale);
static void read_stock(struct stats *op);
static void on_stock(void *ctx, enum wr_err err, const struct wr_reply *pairs);
static enum wr_err read_orders(struct wr_pg_conn *c, void *ctx);
static void on_orders(void *ctx, enum wr_err err);
static struct wr_json *describe(struct stats *op);

void show_stats(void *ctx, struct wr_request *req)
{
    static const struct line_act act = {
        .script = &wr_lua_read_stats, .build = build, .done = on_line, .ended = on_ended};
    if (merchant_allowed(ctx, req) && merchant_sale(req))
        act_on_line(ctx, req, &act, NULL);
}

static void build(void *op, struct wr_args *args, const struct line *line)
{
    (void)op;
    wr_arg_int(args, line->gen);
}

static struct stats *stats_new(struct admissiond *d, struct wr_request *req, const char *sale)
{
    struct stats *op = wr_alloc(sizeof *op);
    *op = (struct stats){.d = d, .req = req, .stock = wr_json_build("{}"), .away = wr_json_build("[]")};
    wr_copy_text(op->sale, sizeof op->sale, sale, strlen(sale));
    return op;
}

static void on_line(struct admissiond *d, struct wr_request *req, void *unused, const char *sale,
                    const struct line *line, const struct wr_reply *reply)
{
    (void)unused;
    size_t len;
    const char *table = wr_reply_text(wr_reply_at(reply, 2), &len);
    struct stats *op = stats_new(d, req, sale);
    op->line = *line;
    op->inside = wr_reply_int(wr_reply_at(reply, 0));
    op->ready = wr_reply_int(wr_reply_at(reply, 1));
    op->waiting = presence_total(table, len);
    read_stock(op);
}

static void on_ended(struct admissiond *d, struct wr_request *req, const char *sale)
{
    struct stats *op = stats_new(d, req, sale);
    wr_json_append(op->away, wr_json_build("s", "line"));
    read_stock(op);
}

static void read_stock(struct stats *op)
{
    struct wr_args args = {0};
    wr_arg_text(&args, "HGETALL");
    wr_key_stock(&args, op->sale, "stock");
    wr_redis_command(op->d->stock, &args, on_stock, op);
    wr_args_free(&args);
}

static void on_stock(void *ctx, enum wr_err err, const struct wr_reply *pairs)
{
    struct stats *op = ctx;
    for (size_t i = 0; err == WR_OK && i + 1 < wr_reply_count(pairs); i += 2)
        wr_json_set(op->stock, wr_reply_text(wr_reply_at(pairs, i), NULL),
                    wr_json_build("I", wr_reply_int(wr_reply_at(pairs, i + 1))));
    if (err != WR_OK)
        wr_json_append(op->away, wr_json_build("s", "stock"));
    if (wr_pg_submit(op->d->pg, read_orders, on_orders, op) != WR_OK)
        on_orders(op, WR_ERR_BUSY);
}

static enum wr_err read_orders(struct wr_pg_conn *c, void *ctx)
{
    struct stats *op = ctx;
    const char *sale[] = {op->sale};
    enum wr_err err = wr_pg_query(c, &wr_sql_orders_by_status, 1, sale, &op->orders);
    if (err == WR_OK)
        err = wr_pg_query(c, &wr_sql_sku_ledger, 1, sale, &op->ledger);
    return err;
}

static void on_orders(void *ctx, enum wr_err err)
{
    struct stats *op = ctx;
    if (err != WR_OK)
        wr_json_append(op->away, wr_json_build("s", "database"));
    wr_answer_json(op->req, 200, describe(op));
    wr_rows_free(op->orders);
    wr_rows_free(op->ledger);
    wr_json_free(op->stock);
    free(op);
}

/* Of the stock in Redis what there is of it. */
static void add_units(struct wr_json *out, const struct wr_json *stock, const char *sku)
{
    for (enum wr_stock_part part = WR_STOCK_FREE; part < WR_STOCK_PARTS; part++) {
        char field[WR_KEY_MAX];
        wr_stock_field(field, sku, part);
        const struct wr_json *value = wr_json_get(stock, field);
        if (value)
            wr_json_set(out, wr_stock_part_name(part), wr_json_build("I", wr_json_int(value, 0)));
    }
}

static struct wr_json *describe_ledger(const struct wr_rows *ledger, const struct wr_json *stock)
{
    struct wr_json *skus = wr_json_build("[]");
    for (size_t i = 0; i < wr_rows_count(ledger); i++) {
        const char *sku = wr_rows_text(ledger, i, "sku");
        struct wr_json *out = wr_json_build(
            "{s:s, s:s, s:I, s:I}", "sku", sku, "name", wr_rows_text(ledger, i, "name"), "total",
            wr_rows_int(ledger, i, "total"), "committed", wr_rows_int(ledger, i, "committed"));
        add_units(out, stock, sku);
        wr_json_append(skus, out);
    }
    return skus;
}

static struct wr_json *describe_stock(const struct wr_json *stock)
{
    struct wr_json *skus = wr_json_build("[]");
    const char *field;
    for (size_t i = 0; (field = wr_json_name(stock, i)); i++) {
        enum wr_stock_part part;
        if (!wr_stock_field_part(field, &part) || part != WR_STOCK_SHARE)
            continue;
        char sku[WR_KEY_MAX];
        wr_copy_text(sku, sizeof sku, field, (size_t)(strrchr(field, '|') - field));
        struct wr_json *out = wr_json_build("{s:s}", "sku", sku);
        add_units(out, stock, sku);
        wr_json_append(skus, out);
    }
    return skus;
}

/* What lets nobody in, whatever the rate (room, in tick.lua). */
static const char *limit_of(const struct stats *op)
{
    const struct line *line = &op->line;
    if (line->settings.cap && op->inside >= line->settings.cap)
        return "cap";
    return line->left >= 0 && line->left * line->settings.factor / 100 <= op->inside ? "stock" : NULL;
}

static struct wr_json *describe_line(const struct stats *op)
{
    const struct line *line = &op->line;
    if (!line->there)
        return wr_json_build("{s:s}", "phase", wr_phase_name(WR_PHASE_ENDED));
    struct wr_json *out = wr_json_build(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "waiting",
        op->waiting, "called", line->called, "granted_total", line->granted_total, "joined_total",
        line->joined_total, "entered_total", line->entered_total, "finished_total", line->finished_total,
        "inside", op->inside, "ready", op->ready, "level", line->level, "rate_per_minute",
        line->settings.rate, "phase", wr_phase_name(line->phase), "mode", wr_mode_name(line->settings.mode),
        "clock", line->clock, "front", line->front, "counter", line->counter, "ceiling", line->ceiling, "gen",
        line->gen);
    wr_json_set(out, "left", line->left >= 0 ? wr_json_build("I", line->left) : wr_json_build("n"));
    wr_json_set(out, "cap", wr_json_build("I", line->settings.cap));
    wr_json_set(out, "factor_percent", wr_json_build("I", line->settings.factor));
    wr_json_set(out, "limited_by", wr_json_build("s?", limit_of(op)));
    return out;
}

static struct wr_json *describe(struct stats *op)
{
    struct wr_json *orders = wr_json_build("{}"), *out = describe_line(op);
    for (size_t i = 0; op->orders && i < wr_rows_count(op->orders); i++)
        wr_json_set(orders, wr_rows_text(op->orders, i, "status"),
                    wr_json_build("I", wr_rows_int(op->orders, i, "orders")));
    wr_json_set(out, "orders", orders);
    wr_json_set(out, "skus",
                op->ledger ? describe_ledger(op->ledger, op->stock) : describe_stock(op->stock));
    wr_json_set(out, "away", op->away);
    const struct sale *sale = admissiond_sale(op->d, op->sale);
    wr_json_set(out, "rebuild_needed", wr_json_build("b", sale && sale->rebuild_needed && !sale->gone));
    return out;
}
