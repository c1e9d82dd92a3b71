/* record_orders.c
 *
 *   insert --> find refused --> find cancelled --> lock skus --> decide --> commit units --> settle
 *   cancels are remembered; what is dead is kept and, if it was a promise, its shopper told; all of it in one transaction
 *
 * Should a value make the database refuse the batch, its items are done one by one and only the culprit is dead. */
#include "record_orders.h"
#include "change_order.h"
#include "dead_letter.h"
#include "ledger.h"
#include "log.h"
#include "mem.h"
#include "order.h"
#include "sql_fulfillment.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = ARRAYS_MAX }; /* of insert_orders.sql */

struct record { /* what the steps hand on */
    struct wr_pg_conn *c;
    struct order_batch *batch;
    struct batch_item **reservations; /* those of the batch */
    size_t reservation_count;
    struct wr_rows *added; /* the new orders: id, public_id, sale, sku, quantity */
    size_t added_count;
    bool *cancelled; /* of each new order */
    struct wr_rows *locked;
    struct ledger_sku *skus;
    size_t sku_count;
};

void batch_item_read(struct batch_item *item)
{
    item->dead = order_event_decode(item->payload, item->len, &item->event, item->why) != WR_OK;
}

/* ---- insert ---- */

/* The columns that a reservation has as an order and as a refused one. */
static void add_reservation(struct wr_buf a[6], const struct order_event *e)
{
    wr_pg_array_add(&a[0], e->order_id);
    wr_pg_array_add(&a[1], e->sale);
    wr_pg_array_int(&a[2], e->run);
    wr_pg_array_add(&a[3], e->sku);
    wr_pg_array_int(&a[4], e->quantity);
    wr_pg_array_add(&a[5], e->shopper);
}

static enum wr_err insert(struct record *r)
{
    struct wr_buf a[COLUMNS] = {{0}};
    for (size_t i = 0; i < r->reservation_count; i++) {
        const struct order_event *e = &r->reservations[i]->event;
        add_reservation(a, e);
        wr_pg_array_int(&a[6], e->lane);
        wr_pg_array_int(&a[7], e->place);
        wr_pg_array_add(&a[8], e->jti);
        wr_pg_array_int(&a[9], e->granted_ms);
        wr_pg_array_int(&a[10], e->at_ms);
    }
    enum wr_err err = query_arrays(r->c, &wr_sql_insert_orders, a, COLUMNS, &r->added);
    if (!err)
        r->added_count = wr_rows_count(r->added);
    return err;
}

/* What was not inserted is known already, or can never be an order. */
static enum wr_err find_refused(struct record *r)
{
    if (r->added_count == r->reservation_count)
        return WR_OK;
    struct wr_buf a[4] = {{0}};
    struct wr_rows *rows;
    for (size_t i = 0; i < r->reservation_count; i++) {
        const struct order_event *e = &r->reservations[i]->event;
        wr_pg_array_add(&a[0], e->order_id);
        wr_pg_array_add(&a[1], e->sale);
        wr_pg_array_int(&a[2], e->run);
        wr_pg_array_add(&a[3], e->sku);
    }
    enum wr_err err = query_arrays(r->c, &wr_sql_find_refused, a, 4, &rows);
    if (err)
        return err;
    size_t refused = wr_rows_count(rows);
    for (size_t row = 0; row < refused; row++) {
        struct batch_item *item = r->reservations[wr_rows_int(rows, row, "index")];
        item->dead = item->promised = true;
        wr_rows_copy(rows, row, "why", item->why, sizeof item->why);
    }
    wr_rows_free(rows);
    r->batch->done.known = (int)(r->reservation_count - r->added_count - refused);
    return WR_OK;
}

/* ---- decide ---- */

static enum wr_err find_cancelled(struct record *r)
{
    struct wr_buf ids[1] = {{0}};
    struct wr_rows *rows;
    for (size_t i = 0; i < r->added_count; i++)
        wr_pg_array_add(&ids[0], wr_rows_text(r->added, i, "id"));
    enum wr_err err = query_arrays(r->c, &wr_sql_find_cancelled, ids, 1, &rows);
    if (err)
        return err;
    r->cancelled = wr_alloc(r->added_count);
    for (size_t row = 0; row < wr_rows_count(rows); row++)
        for (size_t i = 0; i < r->added_count; i++)
            if (wr_rows_int(r->added, i, "id") == wr_rows_int(rows, row, "id"))
                r->cancelled[i] = true;
    wr_rows_free(rows);
    return WR_OK;
}

static enum wr_err lock_skus(struct record *r)
{
    struct wr_buf names[2] = {{0}};
    for (size_t i = 0; i < r->added_count; i++) {
        wr_pg_array_add(&names[0], wr_rows_text(r->added, i, "sale"));
        wr_pg_array_add(&names[1], wr_rows_text(r->added, i, "sku"));
    }
    enum wr_err err = query_arrays(r->c, &wr_sql_lock_skus, names, 2, &r->locked);
    if (err)
        return err;
    r->sku_count = wr_rows_count(r->locked);
    r->skus = wr_alloc(r->sku_count * sizeof *r->skus);
    for (size_t i = 0; i < r->sku_count; i++)
        r->skus[i] = (struct ledger_sku){.sale = wr_rows_text(r->locked, i, "sale"),
                                         .sku = wr_rows_text(r->locked, i, "sku"),
                                         .free = wr_rows_int(r->locked, i, "free")};
    return WR_OK;
}

static enum order_status decide(struct record *r, size_t i, const char **reason)
{
    struct record_counts *done = &r->batch->done;
    *reason = NULL;
    if (r->cancelled[i]) {
        *reason = REASON_CANCELLED;
        done->cancelled++;
        return ORDER_CANCELLED;
    }
    if (ledger_accept(r->skus, r->sku_count, wr_rows_text(r->added, i, "sale"),
                      wr_rows_text(r->added, i, "sku"), wr_rows_int(r->added, i, "quantity"))) {
        done->accepted++;
        return ORDER_QUEUED;
    }
    *reason = REASON_OVERSOLD;
    done->oversold++;
    return ORDER_FAILED;
}

static enum wr_err settle(struct record *r)
{
    struct wr_buf a[4] = {{0}};
    for (size_t i = 0; i < r->added_count; i++) {
        const char *reason;
        enum order_status status = decide(r, i, &reason);
        wr_pg_array_add(&a[0], wr_rows_text(r->added, i, "id"));
        wr_pg_array_add(&a[1], order_status_name(status));
        wr_pg_array_add(&a[2], reason);
        wr_pg_array_add(&a[3], order_move_name(order_change_of(ORDER_NEW, status)->move));
    }
    return query_arrays(r->c, &wr_sql_settle_new_orders, a, 4, NULL);
}

static enum wr_err commit_units(struct record *r)
{
    struct wr_buf a[3] = {{0}};
    for (size_t i = 0; i < r->sku_count; i++) {
        wr_pg_array_add(&a[0], r->skus[i].sale);
        wr_pg_array_add(&a[1], r->skus[i].sku);
        wr_pg_array_int(&a[2], r->skus[i].accepted);
    }
    return query_arrays(r->c, &wr_sql_commit_units, a, 3, NULL);
}

static enum wr_err record_reservations(struct record *r)
{
    static enum wr_err (*const steps[])(struct record *) = {find_cancelled, lock_skus, settle, commit_units};
    enum wr_err err = r->reservation_count ? insert(r) : WR_OK;
    if (!err && r->reservation_count)
        err = find_refused(r);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !err && r->added_count; i++)
        err = steps[i](r);
    return err;
}

/* ---- the rest of the batch ---- */

static enum wr_err remember_cancels(struct record *r)
{
    struct wr_buf a[4] = {{0}};
    for (size_t i = 0; i < r->batch->count; i++) {
        const struct batch_item *item = &r->batch->items[i];
        if (item->dead || item->event.kind != EVENT_CANCEL)
            continue;
        wr_pg_array_add(&a[0], item->event.order_id);
        wr_pg_array_add(&a[1], item->event.sale);
        wr_pg_array_add(&a[2], item->event.shopper);
        wr_pg_array_int(&a[3], item->event.at_ms);
        r->batch->done.cancels++;
    }
    return r->batch->done.cancels ? query_arrays(r->c, &wr_sql_remember_cancels, a, 4, NULL) : WR_OK;
}

static enum wr_err keep_dead(struct record *r)
{
    struct dead_letters letters = {0};
    for (size_t i = 0; i < r->batch->count; i++) {
        const struct batch_item *item = &r->batch->items[i];
        if (item->dead)
            dead_letters_add(&letters, item->partition, item->position, item->key, item->key_len,
                             item->payload, item->len, item->why);
    }
    r->batch->done.dead = letters.count;
    enum wr_err err = dead_letters_keep(r->c, &letters, r->batch->source);
    dead_letters_free(&letters);
    return err;
}

/* Checkout promised these an end: it is this one, and the dead letter is for whoever wants to know why. */
static enum wr_err refuse_promised(struct record *r)
{
    struct wr_buf a[7] = {{0}};
    size_t refused = 0;
    for (size_t i = 0; i < r->batch->count; i++) {
        const struct batch_item *item = &r->batch->items[i];
        const struct order_event *e = &item->event;
        if (!item->promised)
            continue;
        add_reservation(a, e);
        wr_pg_array_int(&a[6], e->deal);
        refused++;
    }
    r->batch->done.refused = (int)refused;
    return refused ? query_arrays(r->c, &wr_sql_refuse_reservations, a, 7, NULL) : WR_OK;
}

static enum wr_err record_in_transaction(struct wr_pg_conn *c, void *op)
{
    struct order_batch *batch = op;
    struct record r = {.c = c, .batch = batch};
    batch->done = (struct record_counts){0};
    r.reservations = wr_alloc((batch->count + 1) * sizeof *r.reservations);
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->items[i].dead && batch->items[i].event.kind == EVENT_RESERVATION)
            r.reservations[r.reservation_count++] = &batch->items[i];
    enum wr_err err = record_reservations(&r);
    if (!err)
        err = remember_cancels(&r);
    if (!err)
        err = keep_dead(&r);
    if (!err)
        err = refuse_promised(&r);
    wr_rows_free(r.added);
    wr_rows_free(r.locked);
    free(r.reservations);
    free(r.cancelled);
    free(r.skus);
    return err;
}

/* ---- the whole ---- */

static enum wr_err record_one(struct wr_pg_conn *c, const struct order_batch *batch, struct batch_item *item,
                              struct record_counts *sum)
{
    struct order_batch one = {.source = batch->source, .items = item, .count = 1};
    enum wr_err err = wr_pg_transact(c, record_in_transaction, &one);
    if (wr_pg_refused(err)) {
        item->dead = true;
        item->promised = item->event.kind == EVENT_RESERVATION;
        snprintf(item->why, sizeof item->why, "the database refuses it: %s", wr_pg_error(c));
        wr_error("an event is refused by the database", "partition=%d position=%lld why=\"%s\"",
                 item->partition, (long long)item->position, item->why);
        err = wr_pg_transact(c, record_in_transaction, &one);
    }
    sum->accepted += one.done.accepted;
    sum->oversold += one.done.oversold;
    sum->cancelled += one.done.cancelled;
    sum->known += one.done.known;
    sum->dead += one.done.dead;
    sum->cancels += one.done.cancels;
    sum->refused += one.done.refused;
    return err;
}

enum wr_err record_orders(struct wr_pg_conn *c, struct order_batch *batch)
{
    enum wr_err err = wr_pg_transact(c, record_in_transaction, batch);
    if (!wr_pg_refused(err))
        return err;
    struct record_counts sum = {0};
    err = WR_OK;
    for (size_t i = 0; i < batch->count && !err; i++)
        err = record_one(c, batch, &batch->items[i], &sum);
    batch->done = sum;
    return err;
}
