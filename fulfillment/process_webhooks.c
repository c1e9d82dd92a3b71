/* process_webhooks.c
 *
 *   take what is due --payments of orders that wait for them: all confirmed in the same transaction--> gone
 *     | anything else, and all of a batch that was refused: leased
 *     v
 *   settle (PostgreSQL) --confirmed, known, refunding, ignored--> gone
 *                | the order has expired                   | no such order (yet): tried again, later and later,
 *                v                                         v for --give-up-s: then a dead letter
 *              take a unit (Redis) --taken--> settle as taken --> gone
 *                                  --none---> settle as refund --> gone
 *                                  --no answer, or not told yet--> put back: a take is safe to repeat
 *
 * The event is marked as processed in the transaction that does what it says. */
#include "process_webhooks.h"
#include "backoff.h"
#include "change_order.h"
#include "crypto.h"
#include "fulfillment_metrics.h"
#include "fulfillmentd.h"
#include "log.h"
#include "lua_fulfillment.h"
#include "mem.h"
#include "provider_event.h"
#include "repeat.h"
#include "settle_payment.h"
#include "sql_fulfillment.h"
#include "stock_call.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAUSE_MS = 300,
    GAP_MS = 40, /* what comes meanwhile is one batch */
    TAKE_MAX = 50,
    AGAIN_MS = 200,
    AGAIN_MAX_MS = 60000,
};

struct process_webhooks {
    struct fulfillment *f;
    struct repeat *repeat;
    struct wr_args args;
    int running, wanted;
    bool starved;
    size_t taken_count;
    struct op *taken[TAKE_MAX];
};
enum unit { UNIT_NOT_ASKED, UNIT_TAKEN, UNIT_NONE };
struct op {
    struct process_webhooks *w;
    int64_t id, attempts, age_s;
    struct provider_event event;
    bool understood, confirmed; /* confirmed: with its batch */
    enum unit unit;
    struct order order;
    enum settled settled;
    const char *outcome; /* why it is tried again; NULL: it is processed */
};

static enum wr_err take(struct wr_pg_conn *c, void *op);
static void on_taken_some(void *op, enum wr_err err);
static enum wr_err settle(struct wr_pg_conn *c, void *op);
static void on_settled(void *op, enum wr_err err);
static void take_unit(struct op *op);
static void on_taken(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void try_again(struct op *op, const char *outcome);
static void finish(struct op *op);

/* ---- take ---- */

static void take_some(void *ctx)
{
    struct process_webhooks *w = ctx;
    w->wanted = TAKE_MAX - w->running;
    w->starved = w->wanted <= 0;
    if (w->starved)
        repeat_ended(w->repeat, REPEAT_IDLE);
    else if (wr_pg_submit(w->f->pg, take, on_taken_some, w) != WR_OK)
        repeat_ended(w->repeat, REPEAT_FAILED);
}

static struct op *read_event(const struct wr_rows *rows, size_t row)
{
    struct op *op = wr_alloc(sizeof *op);
    struct wr_json *json;
    const char *payload = wr_rows_text(rows, row, "payload");
    op->id = wr_rows_int(rows, row, "id");
    op->attempts = wr_rows_int(rows, row, "attempts");
    op->age_s = wr_rows_int(rows, row, "age_s");
    if (wr_json_parse(&json, payload, strlen(payload), NULL) == WR_OK) {
        op->understood = provider_event_decode(json, &op->event) == WR_OK;
        wr_json_free(json);
    }
    return op;
}

static void forget_taken(struct process_webhooks *w)
{
    for (size_t i = 0; i < w->taken_count; i++)
        free(w->taken[i]);
    w->taken_count = 0;
}

static enum wr_err read_due(struct wr_pg_conn *c, struct process_webhooks *w)
{
    struct wr_rows *rows;
    enum wr_err err =
        wr_pg_query(c, &wr_sql_find_due_webhooks, 1, (const char *[]){WR_PG_INT(w->wanted)}, &rows);
    if (err)
        return err;
    for (size_t row = 0; row < wr_rows_count(rows); row++) {
        w->taken[w->taken_count++] = read_event(rows, row);
        w->taken[row]->w = w;
    }
    wr_rows_free(rows);
    return WR_OK;
}

/* Of the taken, those that are confirmed or those that are not. */
static enum wr_err write_ids(struct wr_pg_conn *c, const struct process_webhooks *w, bool confirmed)
{
    struct wr_buf ids = {0};
    for (size_t i = 0; i < w->taken_count; i++)
        if (w->taken[i]->confirmed == confirmed)
            wr_pg_array_int(&ids, w->taken[i]->id);
    bool any = ids.len;
    wr_pg_array_end(&ids);
    enum wr_err err = WR_OK;
    if (any && confirmed)
        err = wr_pg_query(c, &wr_sql_finish_webhooks, 2,
                          (const char *[]){ids.at, settled_name(SETTLED_CONFIRMED)}, NULL);
    else if (any)
        err = wr_pg_query(c, &wr_sql_lease_webhooks, 1, (const char *[]){ids.at}, NULL);
    wr_buf_free(&ids);
    return err;
}

static size_t lock_orders(struct wr_pg_conn *c, struct process_webhooks *w, enum wr_err *err)
{
    struct order *orders[TAKE_MAX];
    size_t count = 0;
    for (size_t i = 0; i < w->taken_count; i++) {
        struct op *op = w->taken[i];
        if (!op->understood || op->event.news != NEWS_PAID ||
            !wr_uuid_valid(op->event.order_id, strlen(op->event.order_id)))
            continue;
        snprintf(op->order.public_id, sizeof op->order.public_id, "%s", op->event.order_id);
        orders[count++] = &op->order;
    }
    *err = count ? orders_lock_free(c, orders, count) : WR_OK;
    return count;
}

/* The usual course: the order waits for the payment that was made. */
static enum wr_err confirm_usual(struct wr_pg_conn *c, struct process_webhooks *w)
{
    struct order *orders[TAKE_MAX];
    const char *sessions[TAKE_MAX], *urls[TAKE_MAX];
    size_t count = 0;
    enum wr_err err;
    if (!lock_orders(c, w, &err) || err)
        return err;
    for (size_t i = 0; i < w->taken_count; i++) {
        struct op *op = w->taken[i];
        op->confirmed = op->order.locked && op->order.status == ORDER_PENDING_PAYMENT &&
                        op->order.payment_state == PAYMENT_OPEN &&
                        strcmp(op->order.session_id, op->event.session_id) == 0 &&
                        provider_money_is(&op->event.money, &op->order.price);
        if (!op->confirmed)
            continue;
        orders[count] = &op->order;
        sessions[count] = op->event.session_id;
        urls[count++] = NULL;
    }
    if (!count)
        return WR_OK;
    err = orders_set(c, orders, count, ORDER_CONFIRMED, NULL);
    if (!err)
        err = orders_set_payment(c, orders, count, PAYMENT_PAID, sessions, urls);
    return err ? err : write_ids(c, w, true);
}

static enum wr_err take_and_confirm(struct wr_pg_conn *c, void *ctx)
{
    struct process_webhooks *w = ctx;
    enum wr_err err = read_due(c, w);
    if (!err)
        err = confirm_usual(c, w);
    return err ? err : write_ids(c, w, false);
}

static enum wr_err take_only(struct wr_pg_conn *c, void *ctx)
{
    struct process_webhooks *w = ctx;
    enum wr_err err = read_due(c, w);
    return err ? err : write_ids(c, w, false);
}

static enum wr_err take(struct wr_pg_conn *c, void *ctx)
{
    struct process_webhooks *w = ctx;
    enum wr_err err = wr_pg_transact(c, take_and_confirm, w);
    if (!wr_pg_refused(err))
        return err;
    forget_taken(w); /* one of them was refused, and so all were: one by one it can only stop itself */
    return wr_pg_transact(c, take_only, w);
}

static void count_confirmed(struct op *op)
{
    order_count(&op->order);
    repeat_kick(op->w->f->relay);
    free(op);
}

static void submit_settle(struct op *op)
{
    if (wr_pg_submit(op->w->f->pg, settle, on_settled, op) != WR_OK)
        finish(op); /* it is due again by itself */
}

static void on_taken_some(void *ctx, enum wr_err err)
{
    struct process_webhooks *w = ctx;
    size_t count = w->taken_count;
    if (err) { /* due still, or settled, or due again when their lease is over */
        forget_taken(w);
        repeat_ended(w->repeat, REPEAT_FAILED);
        return;
    }
    w->taken_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct op *op = w->taken[i];
        if (op->confirmed) {
            count_confirmed(op);
        } else {
            w->running++;
            submit_settle(op);
        }
    }
    repeat_ended(w->repeat, count == (size_t)w->wanted ? REPEAT_MORE : REPEAT_IDLE);
}

/* ---- settle ---- */

static enum wr_err mark_processed(struct wr_pg_conn *c, const struct op *op, const char *outcome)
{
    struct wr_buf ids = {0};
    wr_pg_array_int(&ids, op->id);
    wr_pg_array_end(&ids);
    enum wr_err err = wr_pg_query(c, &wr_sql_finish_webhooks, 2, (const char *[]){ids.at, outcome}, NULL);
    wr_buf_free(&ids);
    return err;
}

static enum wr_err give_up(struct wr_pg_conn *c, const struct op *op, const char *why)
{
    return wr_pg_query(c, &wr_sql_give_up_webhook, 2, (const char *[]){WR_PG_INT(op->id), why}, NULL);
}

static enum wr_err settle_money(struct wr_pg_conn *c, struct op *op)
{
    const char *session = op->event.session_id[0] ? op->event.session_id : NULL;
    struct order *order = &op->order;
    if (order->payment_id && !provider_money_is(&op->event.money, &order->price)) {
        op->settled = SETTLED_WRONG;
        return give_up(c, op, "the payment is not of the order's price");
    }
    if (settle_is_second(order, session)) {
        op->settled = SETTLED_SECOND;
        return wr_pg_query(c, &wr_sql_keep_second_payment, 2, (const char *[]){order->public_id, session},
                           NULL);
    }
    if (op->unit == UNIT_NONE && order->status == ORDER_EXPIRED)
        return settle_refund(c, order, session, &op->settled);
    return settle_paid(c, order, session, op->unit == UNIT_TAKEN, &op->settled);
}

static enum wr_err settle_news(struct wr_pg_conn *c, struct op *op)
{
    enum wr_err err = order_lock(c, op->event.order_id, &op->order);
    if (err)
        return err;
    bool other = op->order.session_id[0] && strcmp(op->order.session_id, op->event.session_id) != 0;
    if (op->event.news != NEWS_PAID && other)
        return mark_processed(c, op, "another-session");
    if (op->event.news == NEWS_SESSION_OVER) {
        err = wr_pg_query(c, &wr_sql_end_hold, 1, (const char *[]){op->event.order_id}, NULL);
        return err ? err : mark_processed(c, op, "session-over");
    }
    err =
        op->event.news == NEWS_NOT_PAID ? settle_not_paid(c, &op->order, &op->settled) : settle_money(c, op);
    bool goes_on = op->settled == SETTLED_NEEDS_UNIT || op->settled == SETTLED_WRONG;
    return err || goes_on ? err : mark_processed(c, op, settled_name(op->settled));
}

static enum wr_err settle_in_transaction(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    if (!op->understood || op->event.news == NEWS_OTHER)
        return mark_processed(c, op, "ignored");
    if (!wr_uuid_valid(op->event.order_id, strlen(op->event.order_id)))
        return mark_processed(c, op, "not-ours");
    return settle_news(c, op);
}

static enum wr_err settle(struct wr_pg_conn *c, void *ctx)
{
    return wr_pg_transact(c, settle_in_transaction, ctx);
}

static void note_wrong(const struct op *op)
{
    wr_error("a session was paid that is not of the order's price", "order=%s session=\"%s\"",
             op->event.order_id, op->event.session_id);
    wr_metric_add(METRIC_PAYMENTS_WRONG, 1);
    repeat_kick(op->w->f->dead_letters);
}

static void on_settled(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    struct fulfillment *f = op->w->f;
    if (err == WR_ERR_NOT_FOUND) {
        try_again(op, "unknown-order");
    } else if (err == WR_ERR_CONFLICT && op->unit == UNIT_TAKEN) {
        /* Redis had a unit that the ledger has not: the ledger is right. The refund gives it back. */
        wr_error("Redis gave a unit that the ledger does not have", "order=%s", op->event.order_id);
        op->unit = UNIT_NONE;
        submit_settle(op);
    } else if (err) {
        try_again(op, wr_err_slug(err));
    } else if (op->settled == SETTLED_NEEDS_UNIT) {
        take_unit(op);
    } else {
        order_count(&op->order);
        if (op->unit != UNIT_NOT_ASKED && op->settled != SETTLED_KNOWN)
            wr_metric_add(op->unit == UNIT_TAKEN ? METRIC_LATE_TAKEN : METRIC_LATE_REFUNDED, 1);
        repeat_kick(f->relay);
        if (op->settled == SETTLED_REFUNDING)
            payment_jobs_kick(f->refunds);
        if (op->settled == SETTLED_SECOND)
            payment_jobs_kick(f->second_refunds);
        if (op->settled == SETTLED_WRONG)
            note_wrong(op);
        finish(op);
    }
}

/* ---- take a unit ---- */

static void take_unit(struct op *op)
{
    struct process_webhooks *w = op->w;
    stock_args_begin(&w->args, op->order.sale, op->order.deal);
    stock_args_order(&w->args, op->order.public_id, op->order.event, "take", "", op->order.shopper);
    op->settled = SETTLED_KNOWN;
    wr_redis_eval(w->f->stock, &wr_lua_apply_order, &w->args, on_taken, op);
}

static void on_taken(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct op *op = ctx;
    const char *word = err ? NULL : wr_reply_text(wr_reply_at(reply, 0), NULL);
    if (err)
        try_again(op, wr_err_slug(err));
    else if (strcmp(word, "taken") == 0 || strcmp(word, "none") == 0 || strcmp(word, "missing") == 0) {
        op->unit = strcmp(word, "taken") == 0 ? UNIT_TAKEN : UNIT_NONE;
        submit_settle(op);
    } else {
        try_again(op, word); /* early, old, closed: Redis and PostgreSQL are not at the same event (yet) */
    }
}

/* ---- end ---- */

static enum wr_err put_back(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    uint32_t random;
    wr_random(&random, sizeof random);
    int64_t delay_ms = (int64_t)wr_backoff_ms(op->attempts, AGAIN_MS, AGAIN_MAX_MS, random);
    return wr_pg_query(
        c, &wr_sql_put_back_webhook, 4,
        (const char *[]){WR_PG_INT(op->id), WR_PG_INT(delay_ms), op->outcome, WR_PG_INT(op->attempts)}, NULL);
}

static enum wr_err bury(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    return give_up(c, op, op->outcome);
}

static void on_buried(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    if (!err) {
        wr_error("a webhook is given up", "order=\"%s\" why=%s attempts=%lld", op->event.order_id,
                 op->outcome, (long long)op->attempts);
        wr_metric_add(METRIC_WEBHOOKS_GIVEN_UP, 1);
        repeat_kick(op->w->f->dead_letters);
    }
    finish(op);
}

static void on_put_back(void *ctx, enum wr_err err)
{
    (void)err; /* it is due again by itself */
    finish(ctx);
}

static void try_again(struct op *op, const char *outcome)
{
    /* What Redis says lies in its reply; what is kept is one of few words. */
    static const char *const words[] = {"early", "old", "closed", "unknown-order"};
    op->outcome = "backend";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], outcome) == 0)
            op->outcome = words[i];
    wr_info("a webhook is tried again", "order=\"%s\" why=%s attempts=%lld", op->event.order_id, outcome,
            (long long)op->attempts);
    bool over = op->attempts >= GIVE_UP_ATTEMPTS && op->age_s > op->w->f->config->give_up_s;
    if (wr_pg_submit(op->w->f->pg, over ? bury : put_back, over ? on_buried : on_put_back, op) != WR_OK)
        finish(op);
}

static void finish(struct op *op)
{
    struct process_webhooks *w = op->w;
    w->running--;
    free(op);
    if (w->starved)
        repeat_kick(w->repeat);
}

/* ---- life ---- */

static void close_flow(void *ctx)
{
    struct process_webhooks *w = ctx;
    wr_args_free(&w->args);
    free(w);
}

static bool busy(const void *ctx)
{
    const struct process_webhooks *w = ctx;
    return w->running;
}

static const struct repeat_kind repeated = {
    .pause_ms = PAUSE_MS, .gap_ms = GAP_MS, .run = take_some, .busy = busy, .close = close_flow};

struct repeat *process_webhooks_open(struct fulfillment *f)
{
    struct process_webhooks *w = wr_alloc(sizeof *w);
    w->f = f;
    w->repeat = repeat_new(&f->repeats, f->loop, &repeated, w);
    return w->repeat;
}
