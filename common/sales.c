/* sales.c
 *
 * Four times a second a round: the set of published sales, and observe.lua once for each that is in it or is
 * known. A round is one object that all its requests share, so that answers which come after wr_sales_close()
 * find nobody and only free it.
 *
 * What is not there says nothing: a Redis that was wiped, or is another one, has neither the set nor the
 * lines, and forgetting the sales would forget everybody who waits in them. A sale goes when the line says that
 * it was withdrawn; one whose line is not there is closed. */
#include "sales.h"
#include "clock.h"
#include "json.h"
#include "keyspace.h"
#include "log.h"
#include "lua_common.h"
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 250
#define STALE_MS 2000

static const char *const phase_names[] = {"scheduled", "lobby", "live", "sold_out", "ended"};
static const char *const mode_names[] = {"queue", "hold", "reject", "passthrough"};

struct entry {
    struct wr_sale sale;
    char run_id[41]; /* of the Redis process the line belongs to */
    char *document;
    uint64_t read_ms;
    bool known;       /* a line and a document were read: the sale may be shown */
    bool told_closed; /* what on_change last said of `closed` */
    bool listed;      /* scratch of on_listed() */
};

struct round {
    struct wr_sales *sales; /* NULL: closed meanwhile */
    uint64_t begun_ms;
    size_t pending;
    bool failed;
};

struct look { /* at one sale, as part of a round */
    struct round *round;
    char id[WR_SALE_LEN + 1];
};

struct wr_sales {
    struct wr_sales_config config;
    struct wr_timer *timer;
    struct round *round; /* the one under way */
    uint64_t fresh_ms;   /* when the last whole round began; 0: none yet */
    struct entry **entries;
    size_t count;
};

const char *wr_phase_name(enum wr_phase phase)
{
    return phase_names[phase];
}

const char *wr_mode_name(enum wr_mode mode)
{
    return mode_names[mode];
}

static int name_index(const char *const *names, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], text) == 0)
            return (int)i;
    return -1;
}

bool wr_phase_parse(const char *name, enum wr_phase *out)
{
    int i = name_index(phase_names, sizeof phase_names / sizeof *phase_names, name);
    *out = i < 0 ? WR_PHASE_SCHEDULED : (enum wr_phase)i;
    return i >= 0;
}

bool wr_mode_parse(const char *name, enum wr_mode *out)
{
    int i = name_index(mode_names, sizeof mode_names / sizeof *mode_names, name);
    *out = i < 0 ? WR_MODE_HOLD : (enum wr_mode)i;
    return i >= 0;
}

/* ---- entries ---- */
static struct entry *find(const struct wr_sales *sales, const char *id)
{
    for (size_t i = 0; i < sales->count; i++)
        if (strcmp(sales->entries[i]->sale.id, id) == 0)
            return sales->entries[i];
    return NULL;
}

static struct entry *entry_new(struct wr_sales *sales, const char *id)
{
    struct entry *e = wr_alloc(sizeof *e);
    strcpy(e->sale.id, id); /* wr_sale_valid() has bounded it */
    sales->entries = wr_realloc(sales->entries, (sales->count + 1) * sizeof(struct entry *));
    sales->entries[sales->count++] = e;
    return e;
}

static void entry_free(struct entry *e)
{
    free(e->document);
    free(e);
}

static bool stale(uint64_t read_ms)
{
    return !read_ms || wr_mono_ms() - read_ms > STALE_MS;
}

/* Between two connections nothing is known against the sale, until what is known grows old. */
static bool is_closed(const struct wr_sales *sales, const struct entry *e)
{
    const char *run_id = wr_redis_run_id(sales->config.redis);
    return stale(e->read_ms) || (run_id[0] && strcmp(run_id, e->run_id) != 0);
}

static void tell(struct wr_sales *sales, struct entry *e)
{
    e->told_closed = e->sale.closed;
    if (sales->config.on_change)
        sales->config.on_change(sales->config.ctx, &e->sale);
}

static void look_at_closed(struct wr_sales *sales, struct entry *e)
{
    e->sale.closed = is_closed(sales, e);
    if (e->known && e->told_closed != e->sale.closed)
        tell(sales, e);
}

/* ---- the sale document: all of it must be good, whether or not it is kept ---- */
struct document {
    int64_t deal, starts_at, ends_at, per_shopper, hold_s, admission_s, shards;
    char currency[4], checkout_url[301];
    const struct wr_json *skus;
};
static const struct wr_json_field document_fields[] = {
    WR_FIELD_INT(struct document, deal, "deal", true, 0, INT64_MAX),
    WR_FIELD_INT(struct document, starts_at, "starts_at", true, 0, INT64_MAX),
    WR_FIELD_INT(struct document, ends_at, "ends_at", true, 0, INT64_MAX),
    WR_FIELD_INT(struct document, per_shopper, "per_shopper", true, 1, 1000),
    WR_FIELD_INT(struct document, hold_s, "hold_s", true, 1, 86400),
    WR_FIELD_INT(struct document, admission_s, "admission_s", true, 1, 86400),
    WR_FIELD_INT(struct document, shards, "shards", true, 1, 1024),
    WR_FIELD_TEXT(struct document, currency, "currency", true),
    WR_FIELD_TEXT(struct document, checkout_url, "checkout_url", false),
    WR_FIELD_ANY(struct document, skus, "skus", true),
    {0},
};
struct sku {
    char sku[WR_SKU_LEN + 1], name[201];
    int64_t unit_price, total;
};
static const struct wr_json_field sku_fields[] = {
    WR_FIELD_TEXT(struct sku, sku, "sku", true),
    WR_FIELD_TEXT(struct sku, name, "name", true),
    WR_FIELD_INT(struct sku, unit_price, "unit_price", true, 0, INT64_MAX),
    WR_FIELD_INT(struct sku, total, "total", true, 0, INT64_MAX),
    {0},
};

static enum wr_err read_skus(struct wr_sale *sale, const struct wr_json *skus, char why[160])
{
    sale->sku_count = wr_json_count(skus);
    if (sale->sku_count > WR_SKUS_MAX)
        return WR_ERR_INVALID;
    for (size_t i = 0; i < sale->sku_count; i++) {
        struct sku sku = {0};
        enum wr_err err = wr_json_decode(wr_json_at(skus, i), sku_fields, &sku, why);
        if (err)
            return err;
        memcpy(sale->skus[i], sku.sku, sizeof sku.sku);
    }
    return WR_OK;
}

/* Changes `sale` only when the whole document is good. */
static enum wr_err read_document(struct wr_sale *sale, const char *text, size_t len, char why[160])
{
    struct wr_json *json;
    enum wr_err err = wr_json_parse(&json, text, len, why);
    if (err)
        return err;
    struct document d = {0};
    struct wr_sale *next = wr_dup(sale, sizeof *sale);
    err = wr_json_decode(json, document_fields, &d, why);
    if (!err)
        err = read_skus(next, d.skus, why);
    if (!err) {
        next->deal = d.deal;
        next->starts_at = d.starts_at;
        next->ends_at = d.ends_at;
        next->per_shopper = (int)d.per_shopper;
        next->admission_s = (int)d.admission_s;
        strcpy(next->checkout_url, d.checkout_url);
        *sale = *next;
    }
    free(next);
    wr_json_free(json);
    return err;
}

/* ---- one look ---- */
enum field {
    RUN,
    GEN,
    RUN_ID,
    PHASE,
    MODE,
    MESSAGE,
    RATE,
    LEFT,
    CALLED,
    CLOCK,
    COUNTER,
    FRONT,
    VERSION,
    TABLE_VERSION,
    DOCUMENT,
    FIELDS
};

static int64_t number(const struct wr_reply *reply, enum field field)
{
    return wr_reply_int(wr_reply_at(reply, field));
}

static const char *text(const struct wr_reply *reply, enum field field, size_t *len)
{
    return wr_reply_text(wr_reply_at(reply, field), len);
}

static void read_line(struct entry *e, const struct wr_reply *reply)
{
    struct wr_sale *sale = &e->sale;
    const char *phase = text(reply, PHASE, NULL), *mode = text(reply, MODE, NULL);
    bool understood = wr_phase_parse(phase, &sale->phase);
    understood &= wr_mode_parse(mode, &sale->mode);
    if (!understood)
        wr_error("phase or mode of a line not understood", "sale=%s phase=\"%.20s\" mode=\"%.20s\"", sale->id,
                 phase, mode);
    sale->run = number(reply, RUN);
    sale->gen = number(reply, GEN);
    sale->rate_per_minute = number(reply, RATE);
    sale->left = number(reply, LEFT);
    sale->called = number(reply, CALLED);
    sale->clock = number(reply, CLOCK);
    sale->counter = number(reply, COUNTER);
    sale->front = number(reply, FRONT);
    sale->table_version = number(reply, TABLE_VERSION);
    size_t len;
    const char *message = text(reply, MESSAGE, &len);
    wr_copy_text(sale->message, sizeof sale->message, message, len);
    const char *run_id = text(reply, RUN_ID, &len);
    wr_copy_text(e->run_id, sizeof e->run_id, run_id, len);
}

static bool take_document(struct entry *e, const struct wr_reply *reply)
{
    if (e->known && e->sale.version == number(reply, VERSION))
        return true;
    size_t len;
    const char *document = text(reply, DOCUMENT, &len);
    char why[160] = "";
    if (read_document(&e->sale, document, len, why)) {
        wr_error("sale document not understood", "sale=%s why=\"%s\"", e->sale.id, why);
        return false;
    }
    free(e->document);
    e->document = wr_dup(document, len);
    e->sale.document = e->document;
    e->sale.document_len = len;
    e->sale.version = number(reply, VERSION);
    return true;
}

static bool differs(const struct wr_sale *a, const struct wr_sale *b)
{
    return a->run != b->run || a->gen != b->gen || a->version != b->version || a->phase != b->phase ||
           a->mode != b->mode || a->left != b->left || a->rate_per_minute != b->rate_per_minute ||
           a->closed != b->closed || strcmp(a->message, b->message) != 0;
}

/* False: not published whole, or lost. What is known stays, and is closed at once when there is no line, or when
 * it has grown old. */
static bool observe(struct wr_sales *sales, struct entry *e, uint64_t begun_ms, const struct wr_reply *reply)
{
    if (wr_reply_count(reply) == 0)
        e->read_ms = 0;
    if (wr_reply_count(reply) != FIELDS || !take_document(e, reply))
        return false;
    read_line(e, reply);
    e->read_ms = begun_ms;
    e->known = true;
    e->sale.closed = is_closed(sales, e);
    return true;
}

/* ---- rounds ---- */
static void round_done(struct round *round)
{
    if (--round->pending)
        return;
    struct wr_sales *sales = round->sales;
    if (sales) {
        sales->round = NULL;
        if (!round->failed)
            sales->fresh_ms = round->begun_ms;
    }
    free(round);
}

static void take_look(struct wr_sales *sales, struct entry *e, uint64_t begun_ms,
                      const struct wr_reply *reply)
{
    struct wr_sale *before = wr_dup(&e->sale, sizeof e->sale);
    bool was_known = e->known;
    before->closed = e->told_closed;
    if (!observe(sales, e, begun_ms, reply))
        look_at_closed(sales, e);
    else if (!was_known || differs(before, &e->sale))
        tell(sales, e);
    free(before);
}

static bool is_withdrawn(const struct wr_reply *reply)
{
    return wr_reply_count(reply) == 1 && strcmp(text(reply, 0, NULL), "withdrawn") == 0;
}

static void forget(struct wr_sales *sales, struct entry *e)
{
    size_t i = 0;
    while (sales->entries[i] != e)
        i++;
    sales->entries[i] = sales->entries[--sales->count];
    if (e->known && sales->config.on_gone)
        sales->config.on_gone(sales->config.ctx, e->sale.id);
    entry_free(e);
}

static void on_looked(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct look *look = ctx;
    struct wr_sales *sales = look->round->sales;
    struct entry *e = sales ? find(sales, look->id) : NULL;
    if (err)
        look->round->failed = true;
    else if (e && is_withdrawn(reply))
        forget(sales, e);
    else if (e)
        take_look(sales, e, look->round->begun_ms, reply);
    round_done(look->round);
    free(look);
}

static void look_at(struct wr_sales *sales, struct entry *e)
{
    struct look *look = wr_alloc(sizeof *look);
    look->round = sales->round;
    strcpy(look->id, e->sale.id);
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_observe, e->sale.id);
    wr_arg_int(&args, e->known ? e->sale.version : -1);
    sales->round->pending++;
    wr_redis_eval(sales->config.redis, &wr_lua_observe, &args, on_looked, look);
    wr_args_free(&args);
}

static void list_one(struct wr_sales *sales, const struct wr_reply *member)
{
    size_t len;
    const char *id = wr_reply_text(member, &len);
    struct entry *e = wr_sale_valid(id, len) ? find(sales, id) : NULL;
    if (!e) {
        if (!wr_sale_valid(id, len) || sales->count >= WR_SALES_MAX)
            return;
        e = entry_new(sales, id);
        look_at(sales, e);
    }
    e->listed = true;
}

/* Ids that were listed and never shown a sale. */
static void drop_unlisted(struct wr_sales *sales)
{
    for (size_t i = sales->count; i-- > 0;) {
        struct entry *e = sales->entries[i];
        if (!e->listed && !e->known)
            forget(sales, e);
        else
            e->listed = false;
    }
}

static void on_listed(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct round *round = ctx;
    struct wr_sales *sales = round->sales;
    if (err)
        round->failed = true;
    else if (sales) {
        for (size_t i = 0; i < wr_reply_count(reply); i++)
            list_one(sales, wr_reply_at(reply, i));
        drop_unlisted(sales);
    }
    round_done(round);
}

static void on_due(void *ctx)
{
    struct wr_sales *sales = ctx;
    for (size_t i = 0; i < sales->count; i++)
        look_at_closed(sales, sales->entries[i]);
    if (sales->round || !wr_redis_connected(sales->config.redis))
        return;
    struct round *round = wr_alloc(sizeof *round);
    *round = (struct round){.sales = sales, .begun_ms = wr_mono_ms(), .pending = 1};
    sales->round = round;
    for (size_t i = 0; i < sales->count; i++)
        look_at(sales, sales->entries[i]);
    wr_redis_commandv(sales->config.redis, on_listed, round, "SMEMBERS", WR_KEY_SALES, NULL);
}

/* ---- the interface ---- */
struct wr_sales *wr_sales_open(struct wr_loop *loop, const struct wr_sales_config *config)
{
    struct wr_sales *sales = wr_alloc(sizeof *sales);
    sales->config = *config;
    sales->timer = wr_timer_new(loop, on_due, sales);
    wr_timer_start(sales->timer, 0, LOOK_MS);
    return sales;
}

void wr_sales_close(struct wr_sales *sales)
{
    if (!sales)
        return;
    if (sales->round)
        sales->round->sales = NULL;
    wr_timer_free(sales->timer);
    for (size_t i = 0; i < sales->count; i++)
        entry_free(sales->entries[i]);
    free(sales->entries);
    free(sales);
}

/* A pointer that leaves here says `closed` as of now, not as of the last round: another Redis process may
 * have come. */
static const struct wr_sale *shown(const struct wr_sales *sales, struct entry *e)
{
    if (!e || !e->known)
        return NULL;
    e->sale.closed = is_closed(sales, e);
    return &e->sale;
}

const struct wr_sale *wr_sales_find(const struct wr_sales *sales, const char *id)
{
    return shown(sales, find(sales, id));
}

enum wr_err wr_sales_missing(const struct wr_sales *sales)
{
    return wr_sales_fresh(sales) ? WR_ERR_UNKNOWN_SALE : WR_ERR_CLOSED;
}

bool wr_sale_has_sku(const struct wr_sale *sale, const char *sku)
{
    for (size_t i = 0; i < sale->sku_count; i++)
        if (strcmp(sale->skus[i], sku) == 0)
            return true;
    return false;
}

void wr_sales_each(const struct wr_sales *sales, void (*visit)(void *ctx, const struct wr_sale *sale),
                   void *ctx)
{
    for (size_t i = 0; i < sales->count; i++) {
        const struct wr_sale *sale = shown(sales, sales->entries[i]);
        if (sale)
            visit(ctx, sale);
    }
}

bool wr_sales_fresh(const struct wr_sales *sales)
{
    return !stale(sales->fresh_ms);
}
