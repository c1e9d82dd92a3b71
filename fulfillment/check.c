/* check.c - `fulfillmentd check`: proves that stock and orders agree, order by order and sku by sku; changes nothing,
 * and PostgreSQL holds it to that.
 *
 *   look: counters, records, counters again (Redis) --> orders (PostgreSQL) --> compare
 *     ^                                                                            | what every look found, unchanged: drift
 *     +---- up to LOOKS_MAX times, while there is any -----------------------------+
 *
 * While orders move, a look sees one of the two stores earlier than the other (drifts.h). Counters that moved during the look
 * are compared with nothing. */
#include "agreement.h"
#include "clock.h"
#include "drifts.h"
#include "fulfillmentd.h"
#include "json.h"
#include "keyspace.h"
#include "log.h"
#include "mem.h"
#include "sales.h"
#include "sql_fulfillment.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOKS_MAX = 5,
    LOOK_AGAIN_MS = 400,
    CONNECT_MS = 3000,
    SAID_MAX = 50, /* drifts told one by one */
};

struct record { /* an order as Redis has it */
    char id[WR_UUID_LEN + 1], sku[WR_SKU_LEN + 1], hold_name[16];
    enum order_hold hold;
    int64_t run, event, quantity, reserved_at;
    bool matched;
};
struct sku {
    char sale[WR_SALE_LEN + 1], name[WR_SKU_LEN + 1];
    int64_t run, total, committed, ordered, orders; /* PostgreSQL */
    int64_t deal, share, free, counter[HOLD_COUNT]; /* Redis; no counter for released */
    int64_t units[HOLD_COUNT];                      /* the records' sums */
    int64_t waiting, in_flight;
    bool ended;  /* PostgreSQL */
    bool moving; /* its counters changed during the look */
};
struct check {
    const struct fulfillment_config *config;
    struct wr_loop *loop;
    struct wr_redis *redis;
    struct wr_timer *timer;
    struct wr_pg_conn *pg;
    struct sku *skus;
    size_t sku_count;
    struct record *records; /* of the sale that is looked at */
    size_t record_count, record_cap;
    char cursor[24];
    struct sku *reading; /* whose counters are asked for */
    bool again;          /* for the second time in this look */
    enum wr_err err;
    struct drifts drifts;
};

/* ---- waiting on the loop ---- */

static void stop(void *ctx)
{
    struct check *check = ctx;
    wr_loop_stop(check->loop);
}

static void pause_ms(struct check *check, int ms)
{
    wr_timer_start(check->timer, (uint64_t)ms, 0);
    wr_loop_run(check->loop);
}

static bool connect_redis(struct check *check)
{
    uint64_t deadline = wr_mono_ms() + CONNECT_MS;
    while (!wr_redis_connected(check->redis) && wr_mono_ms() < deadline)
        pause_ms(check, 20);
    return wr_redis_connected(check->redis);
}

/* ---- reading Redis ---- */

static void add_record(struct check *check, const char *id, const char *text, size_t len)
{
    static const struct wr_json_field fields[] = {
        WR_FIELD_TEXT(struct record, sku, "sku", true),
        WR_FIELD_TEXT(struct record, hold_name, "hold", true),
        WR_FIELD_INT(struct record, run, "run", true, 0, 0),
        WR_FIELD_INT(struct record, event, "event", true, 0, 0),
        WR_FIELD_INT(struct record, quantity, "quantity", true, 0, 0),
        WR_FIELD_INT(struct record, reserved_at, "reserved_at", true, 0, 0),
        {0},
    };
    struct record record = {0};
    struct wr_json *json = NULL;
    char why[160] = "";
    snprintf(record.id, sizeof record.id, "%s", id);
    enum wr_err err = wr_json_parse(&json, text, len, why);
    if (!err)
        err = wr_json_decode(json, fields, &record, why);
    wr_json_free(json);
    if (err || !order_hold_parse(record.hold_name, &record.hold)) {
        wr_error("a record in Redis cannot be read", "order=%s why=\"%s\"", id, why);
        check->err = WR_ERR_INVALID;
        return;
    }
    if (check->record_count == check->record_cap) {
        check->record_cap = check->record_cap ? check->record_cap * 2 : 1024;
        check->records = wr_realloc(check->records, check->record_cap * sizeof *check->records);
    }
    check->records[check->record_count++] = record;
}

static void on_scanned(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct check *check = ctx;
    check->err = err;
    const struct wr_reply *pairs = err ? NULL : wr_reply_at(reply, 1);
    for (size_t i = 0; !err && i + 1 < wr_reply_count(pairs); i += 2) {
        size_t len;
        const char *text = wr_reply_text(wr_reply_at(pairs, i + 1), &len);
        add_record(check, wr_reply_text(wr_reply_at(pairs, i), NULL), text, len);
    }
    if (!err)
        snprintf(check->cursor, sizeof check->cursor, "%s", wr_reply_text(wr_reply_at(reply, 0), NULL));
    wr_loop_stop(check->loop);
}

static int compare_records(const void *a, const void *b)
{
    return strcmp(((const struct record *)a)->id, ((const struct record *)b)->id);
}

/* A scan may name a field twice. */
static void sort_records(struct check *check)
{
    size_t kept = 0;
    if (check->record_count)
        qsort(check->records, check->record_count, sizeof *check->records, compare_records);
    for (size_t i = 0; i < check->record_count; i++)
        if (!kept || strcmp(check->records[kept - 1].id, check->records[i].id) != 0)
            check->records[kept++] = check->records[i];
    check->record_count = kept;
}

static enum wr_err read_records(struct check *check, const char *sale)
{
    struct wr_args args = {0};
    check->record_count = 0;
    snprintf(check->cursor, sizeof check->cursor, "0");
    do {
        wr_args_clear(&args);
        wr_arg_text(&args, "HSCAN");
        wr_key_stock(&args, sale, "orders");
        wr_arg_text(&args, check->cursor);
        wr_arg_text(&args, "COUNT");
        wr_arg_text(&args, "500");
        wr_redis_command(check->redis, &args, on_scanned, check);
        wr_loop_run(check->loop);
    } while (!check->err && strcmp(check->cursor, "0") != 0);
    wr_args_free(&args);
    sort_records(check);
    return check->err;
}

static void on_counters(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct check *check = ctx;
    struct sku *sku = check->reading;
    int64_t *const to[] = {&sku->deal,
                           &sku->share,
                           &sku->free,
                           &sku->counter[HOLD_HELD],
                           &sku->counter[HOLD_SOLD],
                           &sku->counter[HOLD_VOIDED]};
    check->err = err;
    for (size_t i = 0; i < sizeof to / sizeof *to && !err; i++) {
        int64_t now = wr_reply_int(wr_reply_at(reply, i));
        sku->moving |= check->again && *to[i] != now;
        *to[i] = now;
    }
    wr_loop_stop(check->loop);
}

static enum wr_err read_counters(struct check *check, struct sku *sku)
{
    struct wr_args args = {0};
    check->reading = sku;
    wr_arg_text(&args, "HMGET");
    wr_key_stock(&args, sku->sale, "stock");
    wr_arg_text(&args, "deal");
    for (enum wr_stock_part part = 0; part < WR_STOCK_PARTS; part++) {
        char field[WR_KEY_MAX];
        wr_stock_field(field, sku->name, part);
        wr_arg_text(&args, field);
    }
    wr_redis_command(check->redis, &args, on_counters, check);
    wr_loop_run(check->loop);
    wr_args_free(&args);
    return check->err;
}

/* A merchant took the stock of a sale that is over out of Redis (KEYSPACE.md): nothing to compare with. */
static bool is_deleted(const struct sku *sku)
{
    return sku->ended && !sku->deal;
}

/* ---- comparing ---- */

static struct sku *find_sku(struct check *check, const char *sale, const char *name)
{
    for (size_t i = 0; i < check->sku_count; i++)
        if (strcmp(check->skus[i].sale, sale) == 0 && strcmp(check->skus[i].name, name) == 0)
            return &check->skus[i];
    return NULL;
}

static void say(struct check *check, const struct sku *sku, const char *what, const char *redis,
                const char *postgres, const char *state)
{
    drifts_add(&check->drifts, sku->sale, sku->name, state,
               "drift: %s %s %s: Redis says %s, PostgreSQL says %s", sku->sale, sku->name, what, redis,
               postgres);
}

static void say_order(struct check *check, const struct sku *sku, const char *id, const char *redis,
                      const char *postgres, int64_t redis_event, int64_t postgres_event)
{
    char what[WR_UUID_LEN + 8], state[48];
    snprintf(what, sizeof what, "order %s", id);
    snprintf(state, sizeof state, "%lld %lld", (long long)redis_event, (long long)postgres_event);
    say(check, sku, what, redis, postgres, state);
}

static void compare_order(struct check *check, struct sku *sku, const struct wr_rows *rows, size_t row)
{
    const char *id = wr_rows_text(rows, row, "public_id"), *status = wr_rows_text(rows, row, "status");
    struct agreement_order order = {.reason = wr_rows_text(rows, row, "reason"),
                                    .pending = wr_rows_text(rows, row, "pending"),
                                    .payment_waiting = wr_rows_bool(rows, row, "payment_waiting")};
    int64_t event = wr_rows_int(rows, row, "event");
    struct record key = {0};
    snprintf(key.id, sizeof key.id, "%s", id);
    struct record *record =
        check->record_count ? bsearch(&key, check->records, check->record_count, sizeof key, compare_records)
                            : NULL;
    if (!record || !order_status_parse(status, &order.status)) {
        say_order(check, sku, id, "nothing", status, 0, event);
        return;
    }
    record->matched = true;
    if (strcmp(record->sku, sku->name) != 0 || record->quantity != wr_rows_int(rows, row, "quantity"))
        say_order(check, sku, id, "another sku or quantity", status, 0, 0);
    enum agreement agreement = agreement_of(&order, record->hold, record->event);
    if (agreement == DRIFTS)
        say_order(check, sku, id, record->hold_name, status, record->event, event);
    sku->in_flight += agreement == IN_FLIGHT;
}

/* Reservations that PostgreSQL does not have yet are on their way through Kafka - for a while. */
static void compare_records_left(struct check *check, const char *sale, int64_t run)
{
    int64_t now = wr_wall_ms();
    for (size_t i = 0; i < check->record_count; i++) {
        struct record *record = &check->records[i];
        struct sku *sku = record->run == run ? find_sku(check, sale, record->sku) : NULL;
        if (!sku)
            continue;
        sku->units[record->hold] += record->quantity;
        if (record->matched)
            continue;
        sku->waiting++;
        if (record->hold != HOLD_HELD || now - record->reserved_at > check->config->grace_s * 1000)
            say_order(check, sku, record->id, record->hold_name, "nothing", record->event, 0);
    }
}

static enum wr_err compare_sale(struct check *check, const char *sale, int64_t run)
{
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(check->pg, &wr_sql_check_orders, 1, (const char *[]){sale}, &rows);
    if (err)
        return err;
    for (size_t row = 0; row < wr_rows_count(rows); row++) {
        struct sku *sku = find_sku(check, sale, wr_rows_text(rows, row, "sku"));
        if (sku) /* what was refused may have been of none */
            compare_order(check, sku, rows, row);
    }
    wr_rows_free(rows);
    compare_records_left(check, sale, run);
    return WR_OK;
}

static void expect(struct check *check, struct sku *sku, const char *what, int64_t redis, int64_t postgres)
{
    char a[24], b[24];
    snprintf(a, sizeof a, "%lld", (long long)redis);
    snprintf(b, sizeof b, "%lld", (long long)postgres);
    if (redis != postgres)
        say(check, sku, what, a, b, "");
}

static void compare_counters(struct check *check, struct sku *sku)
{
    static const enum order_hold counted[] = {HOLD_HELD, HOLD_SOLD, HOLD_VOIDED};
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        enum order_hold hold = counted[i];
        if (sku->counter[hold] != sku->units[hold])
            drifts_add(&check->drifts, sku->sale, sku->name, "",
                       "drift: %s %s: the stock counts %lld %s, its order records %lld", sku->sale, sku->name,
                       (long long)sku->counter[hold], order_hold_name(hold), (long long)sku->units[hold]);
    }
}

static void compare_sku(struct check *check, struct sku *sku)
{
    const int64_t *counter = sku->counter;
    if (sku->committed != sku->ordered)
        drifts_add(&check->drifts, sku->sale, sku->name, "",
                   "drift: %s %s: the ledger has %lld committed, its orders add up to %lld", sku->sale,
                   sku->name, (long long)sku->committed, (long long)sku->ordered);
    if (is_deleted(sku) || (!sku->deal && !sku->orders))
        return; /* not in Redis any more, or not dealt to it yet */
    expect(check, sku, "units in all", sku->share, sku->total);
    expect(check, sku, "free + held + sold + voided",
           sku->free + counter[HOLD_HELD] + counter[HOLD_SOLD] + counter[HOLD_VOIDED], sku->total);
    if (!sku->moving)
        compare_counters(check, sku);
}

/* ---- one look ---- */

static enum wr_err read_skus(struct check *check)
{
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(check->pg, &wr_sql_check_skus, 0, NULL, &rows);
    if (err)
        return err;
    free(check->skus);
    check->sku_count = wr_rows_count(rows);
    check->skus = wr_alloc((check->sku_count + 1) * sizeof *check->skus);
    for (size_t i = 0; i < check->sku_count; i++) {
        struct sku *sku = &check->skus[i];
        wr_rows_copy(rows, i, "sale", sku->sale, sizeof sku->sale);
        wr_rows_copy(rows, i, "sku", sku->name, sizeof sku->name);
        sku->run = wr_rows_int(rows, i, "run");
        sku->ended = wr_rows_bool(rows, i, "ended");
        sku->total = wr_rows_int(rows, i, "total");
        sku->committed = wr_rows_int(rows, i, "committed");
        sku->ordered = wr_rows_int(rows, i, "ordered");
        sku->orders = wr_rows_int(rows, i, "orders");
    }
    wr_rows_free(rows);
    return WR_OK;
}

static bool opens_sale(const struct check *check, size_t i)
{
    return !i || strcmp(check->skus[i].sale, check->skus[i - 1].sale) != 0;
}

static enum wr_err read_counters_of_sale(struct check *check, size_t first, bool again)
{
    enum wr_err err = WR_OK;
    check->again = again;
    for (size_t i = first; i < check->sku_count && !err && (i == first || !opens_sale(check, i)); i++)
        err = read_counters(check, &check->skus[i]);
    return err;
}

static enum wr_err look_at_sale(struct check *check, size_t first)
{
    const struct sku *sku = &check->skus[first];
    enum wr_err err = read_counters_of_sale(check, first, false);
    if (!err && is_deleted(sku))
        return WR_OK;
    if (!err)
        err = read_records(check, sku->sale);
    if (!err)
        err = read_counters_of_sale(check, first, true);
    return err ? err : compare_sale(check, sku->sale, sku->run);
}

static enum wr_err look(struct check *check)
{
    enum wr_err err = read_skus(check);
    for (size_t i = 0; i < check->sku_count && !err; i++)
        if (opens_sale(check, i))
            err = look_at_sale(check, i);
    for (size_t i = 0; i < check->sku_count && !err; i++)
        compare_sku(check, &check->skus[i]);
    return err;
}

static long long drifts_of(const struct check *check, const struct sku *sku)
{
    long long count = 0;
    for (size_t i = 0; i < check->drifts.kept_count; i++) {
        const struct drift *drift = &check->drifts.kept[i];
        count += strcmp(drift->sale, sku->sale) == 0 && strcmp(drift->sku, sku->name) == 0;
    }
    return count;
}

static void print_table(const struct check *check)
{
    for (size_t i = 0; i < check->drifts.kept_count && i < SAID_MAX; i++)
        printf("%s\n", check->drifts.kept[i].line);
    printf("%-24s %-16s %9s %9s %9s %9s %9s %9s %9s %9s %6s\n", "sale", "sku", "total", "free", "held",
           "sold", "voided", "committed", "waiting", "in flight", "drift");
    for (size_t i = 0; i < check->sku_count; i++) {
        const struct sku *s = &check->skus[i];
        if (is_deleted(s)) {
            if (opens_sale(check, i))
                printf("%-24s has ended, and its stock is not in Redis any more\n", s->sale);
            continue;
        }
        printf("%-24s %-16s %9lld %9lld %9lld %9lld %9lld %9lld %9lld %9lld %6lld\n", s->sale, s->name,
               (long long)s->total, (long long)s->free, (long long)s->counter[HOLD_HELD],
               (long long)s->counter[HOLD_SOLD], (long long)s->counter[HOLD_VOIDED], (long long)s->committed,
               (long long)s->waiting, (long long)s->in_flight, drifts_of(check, s));
    }
}

static enum wr_err open_check(struct check *check)
{
    enum wr_err err = wr_loop_open(&check->loop);
    if (err)
        return err;
    check->timer = wr_timer_new(check->loop, stop, check);
    struct wr_redis_config redis = {.address = check->config->redis_stock};
    err = wr_redis_open(&check->redis, check->loop, &redis);
    if (!err && !connect_redis(check)) {
        wr_error("Redis does not answer", "address=%s", check->config->redis_stock);
        err = WR_ERR_BACKEND;
    }
    return err ? err : wr_pg_connect_read_only(&check->pg, check->config->database);
}

int fulfillment_check(const void *config, int argc, char **argv)
{
    struct check check = {.config = config};
    size_t drifts = 0;
    (void)argv;
    if (argc || !check.config->database[0]) {
        fprintf(stderr, "usage: fulfillmentd check --database URL [--redis-stock ADDRESS]\n");
        return 2;
    }
    enum wr_err err = open_check(&check);
    for (int i = 1; i <= LOOKS_MAX && !err; i++) {
        err = look(&check);
        drifts = drifts_end_look(&check.drifts);
        if (!drifts)
            break;
        if (i < LOOKS_MAX && !err)
            pause_ms(&check, LOOK_AGAIN_MS);
    }
    if (err)
        fprintf(stderr, "fulfillmentd check: could not look: %s\n", wr_err_title(err));
    else
        print_table(&check);
    wr_pg_disconnect(check.pg);
    wr_redis_close(check.redis);
    wr_timer_free(check.timer);
    if (check.loop)
        wr_loop_close(check.loop, 1000);
    free(check.skus);
    free(check.records);
    drifts_free(&check.drifts);
    return err ? 2 : drifts ? 1 : 0;
}
