/* change_order.c */
#include "change_order.h"
#include "log.h"
#include "measures.h"
#include "sql_fulfillment.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take_text(char *out, size_t cap, const struct wr_rows *rows, const char *column)
{
    const char *text = wr_rows_text(rows, 0, column);
    snprintf(out, cap, "%s", text ? text : "");
}

static void read_order(const struct wr_rows *rows, struct order *o)
{
    *o = (struct order){0};
    take_text(o->public_id, sizeof o->public_id, rows, "public_id");
    take_text(o->sale, sizeof o->sale, rows, "sale");
    take_text(o->shopper, sizeof o->shopper, rows, "shopper");
    take_text(o->reason, sizeof o->reason, rows, "reason");
    take_text(o->payment_state, sizeof o->payment_state, rows, "payment_state");
    take_text(o->session_id, sizeof o->session_id, rows, "provider_id");
    if (!order_status_parse(wr_rows_text(rows, 0, "status"), &o->status))
        abort(); /* the column's CHECK and order.c differ */
    o->event = wr_rows_int(rows, 0, "event");
    o->deal = wr_rows_int(rows, 0, "deal");
    o->payment_id = wr_rows_int(rows, 0, "payment_id");
    o->payment_tried = wr_rows_int(rows, 0, "payment_attempts") > 0 || wr_rows_bool(rows, 0, "payment_leased");
}

enum wr_err order_lock(struct wr_pg_conn *c, const char *public_id, struct order *out)
{
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_lock_order, 1, (const char *[]){public_id}, NULL);
    if (!err)
        err = wr_pg_query(c, &wr_sql_read_order, 1, (const char *[]){public_id}, &rows);
    if (err)
        return err;
    if (wr_rows_count(rows) == 1)
        read_order(rows, out);
    else
        err = WR_ERR_NOT_FOUND;
    wr_rows_free(rows);
    return err;
}

enum wr_err order_set(struct wr_pg_conn *c, struct order *order, enum order_status to, const char *reason)
{
    const struct order_change *change = order_change_of(order->status, to);
    if (!change) {
        wr_error("an order cannot change like that", "order=%s from=%s to=%s", order->public_id,
                 order_status_name(order->status), order_status_name(to));
        return WR_ERR_CONFLICT;
    }
    char committed[8];
    snprintf(committed, sizeof committed, "%d", change->committed);
    const char *values[] = {order->public_id,
                            order_status_name(order->status),
                            order_status_name(to),
                            reason ? reason : "",
                            order_move_name(change->move),
                            committed,
                            change->quiet ? "t" : "f"};
    struct wr_rows *rows;
    enum wr_err err = wr_pg_query(c, &wr_sql_change_order, 7, values, &rows);
    if (err)
        return err;
    if (wr_rows_count(rows) == 1) {
        order->status = to;
        order->event = wr_rows_int(rows, 0, "event");
        order->changed = true;
        snprintf(order->reason, sizeof order->reason, "%s", reason ? reason : "");
    } else {
        err = WR_ERR_CONFLICT;
    }
    wr_rows_free(rows);
    return err;
}

enum wr_err order_set_payment(struct wr_pg_conn *c, struct order *order, const char *state, const char *session_id,
                              const char *url)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)order->payment_id);
    enum wr_err err = wr_pg_query(c, &wr_sql_change_payment, 4, (const char *[]){id, state, session_id, url}, NULL);
    if (!err)
        snprintf(order->payment_state, sizeof order->payment_state, "%s", state);
    return err;
}

enum wr_err order_close_payment(struct wr_pg_conn *c, const char *public_id)
{
    return wr_pg_query(c, &wr_sql_close_payment_of, 1, (const char *[]){public_id}, NULL);
}

void order_count_status(enum order_status status, int64_t n)
{
    static const int measures[ORDER_STATUS_COUNT] = {
        [ORDER_NEW] = -1,
        [ORDER_QUEUED] = MEASURE_ORDERS_QUEUED,
        [ORDER_PENDING_PAYMENT] = MEASURE_ORDERS_PENDING,
        [ORDER_EXPIRING] = -1,
        [ORDER_CONFIRMED] = MEASURE_ORDERS_CONFIRMED,
        [ORDER_EXPIRED] = MEASURE_ORDERS_EXPIRED,
        [ORDER_CANCELLED] = MEASURE_ORDERS_CANCELLED,
        [ORDER_FAILED] = MEASURE_ORDERS_FAILED,
        [ORDER_REFUNDED] = MEASURE_ORDERS_REFUNDED,
    };
    if (measures[status] >= 0)
        wr_metric_add((size_t)measures[status], n);
}

void order_count(const struct order *order)
{
    if (order->changed)
        order_count_status(order->status, 1);
}
