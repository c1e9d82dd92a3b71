/* redis_keys.h - the names that docs/KEYSPACE.md gives to what lies in Redis, written as arguments. Keys of
 * the line share the hash tag of the sale, keys of the stock that of its shard. */
#ifndef CHECKOUT_REDIS_KEYS_H
#define CHECKOUT_REDIS_KEYS_H
#include "redis.h"

void key_of_line(struct wr_args *args, const char *sale, const char *name);
void key_of_spent(struct wr_args *args, const char *sale, int64_t run, int lane);
void key_of_stock(struct wr_args *args, const char *sale, const char *name);

#endif
