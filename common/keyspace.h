/* keyspace.h - names that daemons meet under: keys, channels and the stock's fields in Redis (docs/KEYSPACE.md), topics and
 * types of events in Kafka. Spelled here and, in C, nowhere else.
 *
 * Keys of the line share the hash tag of the sale, keys of the stock that of the shard a shopper is at home in. A single node has
 * one shard: 0. */
#ifndef WR_KEYSPACE_H
#define WR_KEYSPACE_H
#include "redis.h"

#define WR_KEY_SALES "wr:sales"
#define WR_TOPIC_RESERVATIONS "waitroom.reservations"
#define WR_TOPIC_DEAD_LETTERS "waitroom.dead-letters"
#define WR_EVENT_PREFIX "waitroom." /* of types of events */
#define WR_EVENT_RESERVATION WR_EVENT_PREFIX "reservation"
#define WR_EVENT_CANCEL WR_EVENT_PREFIX "cancel"
enum { WR_KEY_MAX = 128, WR_CHANNEL_MAX = 64 };

/* All keys of a script, in the order its own header names them; they come before its arguments. wr_key_script() is for
 * scripts without `spent`, the one key that belongs to a run and a lane: called for one with it, it aborts. */
void wr_key_script(struct wr_args *args, const struct wr_script *script, const char *sale);
void wr_key_script_of_run(struct wr_args *args, const struct wr_script *script, const char *sale, int64_t run,
                          int lane);

/* For plain commands: each adds one argument. */
void wr_key_spent(struct wr_args *args, const char *sale, int64_t run, int lane);
void wr_key_stock(struct wr_args *args, const char *sale, const char *what); /* wr:{sale:0}:what */

/* The same as text, for plain commands; returns `out`. */
const char *wr_key_line_text(char out[WR_KEY_MAX], const char *sale, const char *what);
const char *wr_key_stock_text(char out[WR_KEY_MAX], const char *sale, const char *what);

/* Fields of the stock: `<sku>|<part>`. */
enum wr_stock_part {
    WR_STOCK_SHARE,
    WR_STOCK_FREE,
    WR_STOCK_HELD,
    WR_STOCK_SOLD,
    WR_STOCK_VOIDED,
    WR_STOCK_PARTS
};
const char *wr_stock_part_name(enum wr_stock_part part);                             /* "free" */
void wr_stock_field(char out[WR_KEY_MAX], const char *sku, enum wr_stock_part part); /* a field's name */
/* False: the field is no sku's. */
bool wr_stock_field_part(const char *field, enum wr_stock_part *part) WR_MUST_CHECK;

void wr_channel_of_worker(char out[WR_CHANNEL_MAX], const char *worker);
void wr_channel_of_shopper(char out[WR_CHANNEL_MAX], const char *shopper);
const char *wr_channel_shopper(const char *channel); /* whose channel this is */

#endif
