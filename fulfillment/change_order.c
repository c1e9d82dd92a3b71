#include "change_order.h"
#include "fulfillment_metrics.h"
#include "log.h"
#include "mem.h"
#include "sql_fulfillment.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_order(const struct wr_rows *rows, size_t row, struct order *o)
{
    *o = (struct order){.locked = true};
    wr_rows_copy(rows, row, "public_id", o->public_id, sizeof o->public_id);
    wr_rows_copy(rows, row, "sale", o->sale, sizeof o->sale);
    wr_rows_copy(rows, row, "shopper", o->shopper, sizeof o->shopper);
    wr_rows_copy(rows, row, "reason", o->reason, sizeof o->reason);
    wr_rows_copy(rows, row, "provider_id", o->session_id, sizeof o->session_id);
    wr_rows_copy(rows, row, "currency", o->price.currency, sizeof o->price.currency);
    o->price.amount = wr_rows_int(rows, row, "amount");
    if (!order_status_parse(wr_rows_text(rows, row, "status"), &o->status) ||
        !payment_state_parse(wr_rows_text(rows, row, "payment_state"), &o->payment_state))
        abort(); /* a column's CHECK and order.c or payment.c differ */
    o->event = wr_rows_int(rows, row, "event");
    o->deal = wr_rows_int(rows, row, "deal");
    o->payment_id = wr_rows_int(rows, row, "payment_id");
    o->payment_tried =
        wr_rows_int(rows, row, "payment_attempts") > 0 || wr_rows_bool(rows, row, "payment_leased");
}

enum wr_err query_arrays(struct wr_pg_conn *c, const struct wr_sql *sql, struct wr_buf *arrays, int count,
                         struct wr_rows **rows)
{
    const char *values[ARRAYS_MAX] = {NULL};
    for (int i = 0; i < count; i++) {
        wr_pg_array_end(&arrays[i]);
        values[i] = arrays[i].at;
    }
    enum wr_err err = wr_pg_query(c, sql, count, values, rows);
    for (int i = 0; i < count; i++)
        wr_buf_free(&arrays[i]);
    return err;
}

/* ---- lock ---- */

enum wr_err order_lock(struct wr_pg_conn *c, const char *public_id, struct order *out)
{
    struct wr_buf ids[1] = {{0}};
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_lock_order, 1, (const char *[]){public_id}, NULL);
    if (err)
        return err;
    wr_pg_array_add(&ids[0], public_id);
    err = query_arrays(c, &wr_sql_read_orders, ids, 1, &rows);
    if (err)
        return err;
    if (wr_rows_count(rows) == 1)
        read_order(rows, 0, out);
    else
        err = WR_ERR_NOT_FOUND;
    wr_rows_free(rows);
    return err;
}

static struct order *find_unlocked(struct order *const orders[], size_t count, const char *public_id)
{
    for (size_t i = 0; i < count; i++)
        if (!orders[i]->locked && strcmp(orders[i]->public_id, public_id) == 0)
            return orders[i];
    return NULL;
}

enum wr_err orders_lock_free(struct wr_pg_conn *c, struct order *const orders[], size_t count)
{
    struct wr_buf wanted[1] = {{0}}, locked[1] = {{0}};
    struct wr_rows *rows;
    for (size_t i = 0; i < count; i++)
        wr_pg_array_add(&wanted[0], orders[i]->public_id);
    enum wr_err err = query_arrays(c, &wr_sql_lock_free_orders, wanted, 1, &rows);
    if (err)
        return err;
    for (size_t row = 0; row < wr_rows_count(rows); row++)
        wr_pg_array_add(&locked[0], wr_rows_text(rows, row, "public_id"));
    wr_rows_free(rows);
    err = query_arrays(c, &wr_sql_read_orders, locked, 1, &rows);
    if (err)
        return err;
    for (size_t row = 0; row < wr_rows_count(rows); row++) {
        struct order *order = find_unlocked(orders, count, wr_rows_text(rows, row, "public_id"));
        if (order)
            read_order(rows, row, order);
    }
    wr_rows_free(rows);
    return WR_OK;
}

/* ---- change ---- */

static void note_change(struct order *const orders[], size_t count, const struct wr_rows *rows,
                        enum order_status to, const char *reason)
{
    for (size_t row = 0; row < wr_rows_count(rows); row++)
        for (size_t i = 0; i < count; i++) {
            struct order *order = orders[i];
            if (strcmp(order->public_id, wr_rows_text(rows, row, "public_id")) != 0)
                continue;
            order->status = to;
            order->event = wr_rows_int(rows, row, "event");
            order->changed = true;
            snprintf(order->reason, sizeof order->reason, "%s", reason ? reason : "");
        }
}

enum wr_err orders_set(struct wr_pg_conn *c, struct order *const orders[], size_t count, enum order_status to,
                       const char *reason)
{
    enum order_status from = orders[0]->status;
    const struct order_change *change = order_change_of(from, to);
    if (!change) {
        wr_error("an order cannot change like that", "order=%s from=%s to=%s", orders[0]->public_id,
                 order_status_name(from), order_status_name(to));
        return WR_ERR_CONFLICT;
    }
    struct wr_buf ids = {0};
    for (size_t i = 0; i < count; i++)
        wr_pg_array_add(&ids, orders[i]->public_id);
    wr_pg_array_end(&ids);
    const char *values[] = {ids.at,
                            order_status_name(from),
                            order_status_name(to),
                            reason ? reason : "",
                            order_move_name(change->move),
                            WR_PG_INT(change->committed)};
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_change_orders, 6, values, &rows);
    wr_buf_free(&ids);
    if (err)
        return err;
    if (wr_rows_count(rows) == count)
        note_change(orders, count, rows, to, reason);
    else
        err = WR_ERR_CONFLICT;
    wr_rows_free(rows);
    return err;
}

enum wr_err order_set(struct wr_pg_conn *c, struct order *order, enum order_status to, const char *reason)
{
    return orders_set(c, &order, 1, to, reason);
}

enum wr_err orders_set_payment(struct wr_pg_conn *c, struct order *const orders[], size_t count,
                               enum payment_state state, const char *const session_ids[],
                               const char *const urls[])
{
    struct wr_buf ids = {0}, sessions = {0}, links = {0};
    for (size_t i = 0; i < count; i++) {
        wr_pg_array_int(&ids, orders[i]->payment_id);
        wr_pg_array_add(&sessions, session_ids[i]);
        wr_pg_array_add(&links, urls[i]);
    }
    wr_pg_array_end(&ids);
    wr_pg_array_end(&sessions);
    wr_pg_array_end(&links);
    enum wr_err err =
        wr_pg_query(c, &wr_sql_change_payments, 4,
                    (const char *[]){ids.at, payment_state_name(state), sessions.at, links.at}, NULL);
    for (size_t i = 0; i < count && !err; i++)
        orders[i]->payment_state = state;
    wr_buf_free(&ids);
    wr_buf_free(&sessions);
    wr_buf_free(&links);
    return err;
}

enum wr_err order_set_payment(struct wr_pg_conn *c, struct order *order, enum payment_state state,
                              const char *session_id, const char *url)
{
    return orders_set_payment(c, &order, 1, state, &session_id, &url);
}

enum wr_err orders_close_payment(struct wr_pg_conn *c, struct order *const orders[], size_t count)
{
    struct wr_buf ids[1] = {{0}};
    for (size_t i = 0; i < count; i++)
        wr_pg_array_add(&ids[0], orders[i]->public_id);
    return query_arrays(c, &wr_sql_close_payments_of, ids, 1, NULL);
}

void order_count_status(enum order_status status, int64_t n)
{
    static const int metric_of[ORDER_STATUS_COUNT] = {
        [ORDER_NEW] = -1,
        [ORDER_QUEUED] = METRIC_ORDERS_QUEUED,
        [ORDER_PENDING_PAYMENT] = METRIC_ORDERS_PENDING,
        [ORDER_EXPIRING] = -1,
        [ORDER_CONFIRMED] = METRIC_ORDERS_CONFIRMED,
        [ORDER_EXPIRED] = METRIC_ORDERS_EXPIRED,
        [ORDER_CANCELLED] = METRIC_ORDERS_CANCELLED,
        [ORDER_FAILED] = METRIC_ORDERS_FAILED,
        [ORDER_REFUNDED] = METRIC_ORDERS_REFUNDED,
    };
    if (metric_of[status] >= 0)
        wr_metric_add((size_t)metric_of[status], n);
}

void order_count(const struct order *order)
{
    if (order->changed)
        order_count_status(order->status, 1);
}
