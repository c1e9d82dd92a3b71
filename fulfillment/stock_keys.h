/* stock_keys.h - the names of the stock's keys (docs/KEYSPACE.md), and the call of apply_order.lua. */
#ifndef STOCK_KEYS_H
#define STOCK_KEYS_H
#include "redis.h"
#include <stdint.h>

/* Appends the key's name as one argument; `what` is stock, orders or bought. */
void stock_arg_key(struct wr_args *args, const char *sale, const char *what);
/* Clears `args` and puts the keys of the sale's shard and the deal into it. */
void stock_args_begin(struct wr_args *args, const char *sale, int64_t deal);
void stock_args_order(struct wr_args *args, const char *order_id, int64_t event, const char *move,
                      const char *message, const char *shopper);

#endif
