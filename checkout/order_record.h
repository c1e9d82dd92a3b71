/* order_record.h - an order as checkout writes it down: the record in Redis and the events for Kafka
 * (docs/KEYSPACE.md). Pure: what is derived or told by a clock is handed in. */
#ifndef CHECKOUT_ORDER_RECORD_H
#define CHECKOUT_ORDER_RECORD_H
#include "order_view.h"

struct new_order {
    const char *order_id, *sku;
    const struct wr_token *token; /* sale, run, shopper, lane, place, jti and granted are the order's */
    int64_t quantity, deal;
    int64_t reserved_at; /* wall ms */
};
/* Each appends compact JSON. */
void order_record_write(const struct new_order *o, struct wr_buf *out);
void order_event_write(const struct new_order *o, struct wr_buf *out);
void cancel_event_write(const char *sale, const char *order_id, const char *shopper, int64_t requested_at,
                        struct wr_buf *out);

/* Whose admission a reservation's event finishes. WR_ERR_MALFORMED or WR_ERR_INVALID: not an event of ours.
 */
struct order_admission {
    int64_t place;
    char jti[WR_JTI_MAX];
};
enum wr_err order_event_admission(const char *event, size_t len, struct order_admission *out) WR_MUST_CHECK;

/* The record of an order as its shopper may see it. NULL: the record is another shopper's. Out of shape: NULL, and *err is WR_ERR_INTERNAL. */
struct wr_json *order_record_view(const char *record, size_t len, const char *shopper, enum wr_err *err);

#endif
