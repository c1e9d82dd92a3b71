/* relay_outbox.c
 *
 *   read (PostgreSQL: delete what was told, lead, read on) --entries--> tell (Redis: one call per sale) --answers--+
 *      ^    '--late: renew their holds, read again                                                                 |
 *      +-----------------------------------------------------------------------------------------------------------+
 *
 * Per order the order of ids is kept: an entry's successor is read only with it or after it was deleted, and one call
 * applies its entries in turn. A sale whose stock is of another deal waits without holding up the others; it is asked
 * without entries whether it is there again, and only then are its holds renewed. */
#include "relay_outbox.h"
#include "change_order.h"
#include "fulfillment_metrics.h"
#include "fulfillmentd.h"
#include "log.h"
#include "lua_fulfillment.h"
#include "mem.h"
#include "renew_holds.h"
#include "repeat.h"
#include "sales.h"
#include "sql_fulfillment.h"
#include "stock_call.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAUSE_MS = 200,
    GAP_MS = 25,
    CALL_MAX = 200,          /* entries in one script call: a few milliseconds of Redis */
    WAITING_AGAIN_MS = 2000, /* after the last was found to wait: finding many takes many rounds */
};

struct waiting { /* a sale whose stock is not there (yet) */
    char sale[WR_SALE_LEN + 1];
    bool asked; /* again, in this round: its entries are read */
};

struct relay_outbox {
    struct fulfillment *f;
    struct repeat *repeat;
    struct wr_args args;
    struct wr_rows *rows; /* of this round */
    struct wr_buf told, told_events; /* ids to delete, each with its event, as array literals */
    bool told_some;
    int calls; /* under way */
    bool failed, found_waiting, found_there;
    struct waiting waiting[WR_SALES_MAX];
    int waiting_count;
    uint64_t waiting_since_ms; /* the last of them */
};
struct tell { /* one call: these rows */
    struct relay_outbox *relay;
    bool asks; /* whether the stock is there, and tells nothing */
    size_t count, rows[CALL_MAX];
};

static void read_on(void *ctx);
static enum wr_err read_work(struct wr_pg_conn *c, void *op);
static void on_read(void *op, enum wr_err err);
static void on_told(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void finish_round(struct relay_outbox *r);

/* ---- read ---- */

static void read_on(void *ctx)
{
    struct relay_outbox *r = ctx;
    bool ask = wr_loop_now_ms(r->f->loop) - r->waiting_since_ms >= WAITING_AGAIN_MS;
    for (int i = 0; i < r->waiting_count && ask; i++)
        r->waiting[i].asked = true;
    bool can_tell = wr_redis_connected(r->f->stock);
    if ((!can_tell && !r->told_some) || wr_pg_submit(r->f->pg, read_work, on_read, r) != WR_OK)
        repeat_ended(r->repeat, can_tell ? REPEAT_FAILED : REPEAT_IDLE);
}

static enum wr_err lead(struct wr_pg_conn *c, const struct relay_outbox *r, bool *leads)
{
    struct wr_rows *rows;
    enum wr_err err =
        wr_pg_query(c, &wr_sql_lead_outbox, 1, (const char *[]){wr_runtime_id(r->f->runtime)}, &rows);
    if (err)
        return err;
    *leads = wr_rows_bool(rows, 0, "leads");
    wr_rows_free(rows);
    return WR_OK;
}

static enum wr_err read_entries(struct wr_pg_conn *c, struct relay_outbox *r)
{
    struct wr_buf sales[2] = {{0}};
    for (int i = 0; i < r->waiting_count; i++)
        wr_pg_array_add(&sales[r->waiting[i].asked], r->waiting[i].sale);
    return query_arrays(c, &wr_sql_read_outbox, sales, 2, &r->rows);
}

static enum wr_err read_in_time(struct wr_pg_conn *c, struct relay_outbox *r)
{
    bool renewed;
    enum wr_err err = read_entries(c, r);
    if (!err)
        err = renew_holds(c, r->rows, &renewed);
    if (err || !renewed)
        return err;
    wr_rows_free(r->rows);
    r->rows = NULL;
    return read_entries(c, r);
}

static enum wr_err read_work(struct wr_pg_conn *c, void *op)
{
    struct relay_outbox *r = op;
    bool leads = false;
    enum wr_err err = WR_OK;
    if (r->told_some)
        err = wr_pg_query(c, &wr_sql_delete_outbox, 2, (const char *[]){r->told.at, r->told_events.at}, NULL);
    if (!err)
        err = lead(c, r, &leads);
    return err || !leads ? err : read_in_time(c, r);
}

/* ---- tell ---- */

static struct waiting *find_waiting(struct relay_outbox *r, const char *sale)
{
    for (int i = 0; i < r->waiting_count; i++)
        if (strcmp(r->waiting[i].sale, sale) == 0)
            return &r->waiting[i];
    return NULL;
}

static bool same_stock(const struct wr_rows *rows, size_t a, size_t b)
{
    return strcmp(wr_rows_text(rows, a, "sale"), wr_rows_text(rows, b, "sale")) == 0 &&
           wr_rows_int(rows, a, "deal") == wr_rows_int(rows, b, "deal");
}

static void send(struct tell *tell)
{
    struct relay_outbox *r = tell->relay;
    const struct wr_rows *rows = r->rows;
    stock_args_begin(&r->args, wr_rows_text(rows, tell->rows[0], "sale"),
                     wr_rows_int(rows, tell->rows[0], "deal"));
    for (size_t i = 0; i < tell->count; i++) {
        size_t row = tell->rows[i];
        stock_args_order(&r->args, wr_rows_text(rows, row, "public_id"), wr_rows_int(rows, row, "event"),
                         wr_rows_text(rows, row, "stock"), wr_rows_text(rows, row, "payload"),
                         wr_rows_text(rows, row, "shopper"));
    }
    r->calls++;
    wr_redis_eval(r->f->stock, &wr_lua_apply_order, &r->args, on_told, tell);
}

/* One call per sale and round: were the entries of an order spread over two, the second could be applied
 * without the first, and the first would be too old ever after. What is beyond a call's size is read again.
 */
static void tell_all(struct relay_outbox *r)
{
    size_t count = wr_rows_count(r->rows);
    bool *seen = wr_alloc(count + 1);
    for (size_t first = 0; first < count; first++) {
        if (seen[first])
            continue;
        struct tell *tell = wr_alloc(sizeof *tell);
        tell->relay = r;
        tell->rows[0] = first;
        tell->asks = find_waiting(r, wr_rows_text(r->rows, first, "sale"));
        for (size_t row = first; row < count; row++) {
            if (seen[row] || !same_stock(r->rows, first, row))
                continue;
            seen[row] = true;
            if (tell->count < CALL_MAX && !tell->asks)
                tell->rows[tell->count++] = row;
        }
        send(tell);
    }
    free(seen);
}

static void on_read(void *op, enum wr_err err)
{
    struct relay_outbox *r = op;
    if (err) {
        wr_rows_free(r->rows);
        r->rows = NULL;
        repeat_ended(r->repeat, REPEAT_FAILED); /* what was told stays noted: deleting it again is harmless */
        return;
    }
    wr_buf_clear(&r->told);
    wr_buf_clear(&r->told_events);
    r->told_some = false;
    r->failed = r->found_waiting = r->found_there = false;
    if (r->rows && wr_rows_count(r->rows))
        tell_all(r);
    else
        finish_round(r);
}

static void wait_for_stock(struct relay_outbox *r, const char *sale)
{
    wr_warn("the stock of a sale is not of the deal its orders are of; they wait", "sale=%s", sale);
    struct waiting *known = find_waiting(r, sale);
    if (!known && r->waiting_count == WR_SALES_MAX)
        return;
    struct waiting *waiting = known ? known : &r->waiting[r->waiting_count++];
    waiting->asked = false;
    wr_copy_text(waiting->sale, sizeof waiting->sale, sale, strlen(sale));
    r->waiting_since_ms = wr_loop_now_ms(r->f->loop);
    r->found_waiting = true; /* what lies behind its entries was not read yet */
}

static void wait_no_longer(struct relay_outbox *r, const char *sale)
{
    struct waiting *known = find_waiting(r, sale);
    if (known)
        *known = r->waiting[--r->waiting_count];
    r->found_there = true;
}

static void note_told(struct relay_outbox *r, size_t row, const char *word)
{
    wr_pg_array_add(&r->told, wr_rows_text(r->rows, row, "id"));
    wr_pg_array_add(&r->told_events, wr_rows_text(r->rows, row, "event"));
    r->told_some = true;
    if (strcmp(word, "missing") == 0) {
        wr_warn("an order has no record in Redis", "order=%s", wr_rows_text(r->rows, row, "public_id"));
        wr_metric_add(METRIC_TOLD_MISSING, 1);
    } else {
        wr_metric_add(strcmp(word, "old") == 0 ? METRIC_TOLD_OLD : METRIC_TOLD, 1);
    }
}

static void on_told(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct tell *tell = ctx;
    struct relay_outbox *r = tell->relay;
    const char *sale = wr_rows_text(r->rows, tell->rows[0], "sale");
    if (err)
        r->failed = true;
    else if (wr_reply_count(reply) && strcmp(wr_reply_text(wr_reply_at(reply, 0), NULL), "closed") == 0)
        wait_for_stock(r, sale);
    else if (tell->asks)
        wait_no_longer(r, sale);
    else
        for (size_t i = 0; i < tell->count; i++)
            note_told(r, tell->rows[i], wr_reply_text(wr_reply_at(reply, i), NULL));
    free(tell);
    if (--r->calls == 0)
        finish_round(r);
}

/* Sales that were to be asked and had nothing to be told any more, once everything was read. */
static void forget_silent(struct relay_outbox *r)
{
    if (r->failed || (r->rows && wr_rows_count(r->rows) >= OUTBOX_READ_MAX))
        return;
    for (int i = r->waiting_count - 1; i >= 0; i--)
        if (r->waiting[i].asked)
            r->waiting[i] = r->waiting[--r->waiting_count];
}

static void finish_round(struct relay_outbox *r)
{
    forget_silent(r);
    bool more = r->rows && wr_rows_count(r->rows) >= CALL_MAX; /* a call's size may have left some */
    wr_rows_free(r->rows);
    r->rows = NULL;
    if (r->told_some) {
        wr_pg_array_end(&r->told);
        wr_pg_array_end(&r->told_events);
    }
    bool idle = !r->told_some && !r->found_waiting && !r->found_there;
    repeat_ended(r->repeat, r->failed ? REPEAT_FAILED
                            : idle    ? REPEAT_IDLE
                            : more    ? REPEAT_MORE
                                      : REPEAT_SOON);
}

/* ---- life ---- */

static void close_flow(void *ctx)
{
    struct relay_outbox *r = ctx;
    wr_args_free(&r->args);
    wr_rows_free(r->rows);
    wr_buf_free(&r->told);
    wr_buf_free(&r->told_events);
    free(r);
}

static const struct repeat_kind repeated = {
    .pause_ms = PAUSE_MS, .gap_ms = GAP_MS, .run = read_on, .close = close_flow};

enum wr_err relay_outbox_yield(struct wr_pg_conn *c, void *op)
{
    const struct fulfillment *f = op;
    return wr_pg_query(c, &wr_sql_yield_outbox, 1, (const char *[]){wr_runtime_id(f->runtime)}, NULL);
}

struct repeat *relay_outbox_open(struct fulfillment *f)
{
    struct relay_outbox *r = wr_alloc(sizeof *r);
    r->f = f;
    r->repeat = repeat_new(&f->repeats, f->loop, &repeated, r);
    return r->repeat;
}
