/* stock_call.h - the arguments of apply_order.lua. */
#ifndef FULFILLMENT_STOCK_CALL_H
#define FULFILLMENT_STOCK_CALL_H
#include "redis.h"
#include <stdint.h>

/* Clears `args` and puts the keys of the sale's shard and the deal into it. */
void stock_args_begin(struct wr_args *args, const char *sale, int64_t deal);
void stock_args_order(struct wr_args *args, const char *order_id, int64_t event, const char *move,
                      const char *message, const char *shopper);

#endif
