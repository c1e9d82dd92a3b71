/* change_order.h - orders in PostgreSQL, and the one function that may change their state. For work on a pool
 * thread, inside a transaction: every change is compare-and-set, with its event, its ledger and its outbox
 * row (order.h has the table). */
#ifndef FULFILLMENT_CHANGE_ORDER_H
#define FULFILLMENT_CHANGE_ORDER_H
#include "err.h"
#include "id.h"
#include "order.h"
#include "payment.h"
#include "payment_provider.h"
#include "pg.h"
#include <stdbool.h>
#include <stdint.h>

struct order {
    char public_id[WR_UUID_LEN + 1], sale[WR_SALE_LEN + 1], shopper[WR_SHOPPER_LEN + 1], reason[40];
    enum order_status status;
    int64_t event, deal;
    bool locked;        /* and read */
    bool changed;       /* since it was read */
    int64_t payment_id; /* 0: none */
    enum payment_state payment_state;
    char session_id[PROVIDER_ID_MAX];
    struct provider_money price;
    bool payment_tried; /* the provider may know of it */
};

/* A statement whose parameters are arrays, at most ARRAYS_MAX; it ends and frees them. */
enum { ARRAYS_MAX = 11 };
struct wr_buf;
enum wr_err query_arrays(struct wr_pg_conn *c, const struct wr_sql *sql, struct wr_buf *arrays, int count,
                         struct wr_rows **rows) WR_MUST_CHECK;

/* Reads and locks. WR_ERR_NOT_FOUND: there is none. */
enum wr_err order_lock(struct wr_pg_conn *c, const char *public_id, struct order *out) WR_MUST_CHECK;
/* `reason` may be NULL. WR_ERR_CONFLICT: somebody else changed it, or the ledger has no unit left for it. */
enum wr_err order_set(struct wr_pg_conn *c, struct order *order, enum order_status to,
                      const char *reason) WR_MUST_CHECK;
/* A batch: of orders of which `public_id` is set, those that are there and that nobody else has locked at
 * this moment are locked and read. It never waits, so it cannot deadlock with whoever locks orders in another
 * order; each order is `locked` once, however often it is named. */
enum wr_err orders_lock_free(struct wr_pg_conn *c, struct order *const orders[], size_t count) WR_MUST_CHECK;
/* The same change of one or more orders that are all in the same state; all of them or WR_ERR_CONFLICT. */
enum wr_err orders_set(struct wr_pg_conn *c, struct order *const orders[], size_t count, enum order_status to,
                       const char *reason) WR_MUST_CHECK;
enum wr_err orders_set_payment(struct wr_pg_conn *c, struct order *const orders[], size_t count,
                               enum payment_state state, const char *const session_ids[],
                               const char *const urls[]) WR_MUST_CHECK;
/* `session_id` and `url`: NULL keeps what is there. */
enum wr_err order_set_payment(struct wr_pg_conn *c, struct order *order, enum payment_state state,
                              const char *session_id, const char *url) WR_MUST_CHECK;
/* The open payments of these are to be closed at the provider (close_payments.c). */
enum wr_err orders_close_payment(struct wr_pg_conn *c, struct order *const orders[],
                                 size_t count) WR_MUST_CHECK;
void order_count(const struct order *order); /* in the metrics, once its transaction is committed */
void order_count_status(enum order_status status, int64_t n);

#endif
