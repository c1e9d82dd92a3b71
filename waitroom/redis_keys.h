/* redis_keys.h - the names that docs/KEYSPACE.md gives to keys and channels, as the waiting room uses them.
 * Keys of the line share the hash tag of the sale, keys of the stock that of its shard. */
#ifndef WAITROOM_REDIS_KEYS_H
#define WAITROOM_REDIS_KEYS_H
#include "redis.h"

enum { CHANNEL_MAX = 64 };

void key_of_line(struct wr_args *args, const char *sale, const char *name);
void key_of_spent(struct wr_args *args, const char *sale, int64_t run);
void key_of_stock(struct wr_args *args, const char *sale, const char *name);

void channel_of_worker(char out[CHANNEL_MAX], const char *worker);
void channel_of_shopper(char out[CHANNEL_MAX], const char *shopper);
const char *channel_shopper(const char *channel); /* whose channel this is */

#endif
