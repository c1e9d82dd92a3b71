#include "redis_keys.h"
#include <stdio.h>
#include <string.h>

#define SHOPPER_CHANNEL "wr:shopper:"

void key_of_line(struct wr_args *args, const char *sale, const char *name)
{
    wr_arg_printf(args, "wr:{%s}:%s", sale, name);
}

/* Everybody waits in lane 0. */
void key_of_spent(struct wr_args *args, const char *sale, int64_t run)
{
    wr_arg_printf(args, "wr:{%s}:spent:%lld:0", sale, (long long)run);
}

/* A single node has one shard; a shopper's home is always shard 0. */
void key_of_stock(struct wr_args *args, const char *sale, const char *name)
{
    wr_arg_printf(args, "wr:{%s:0}:%s", sale, name);
}

void channel_of_worker(char out[CHANNEL_MAX], const char *worker)
{
    snprintf(out, CHANNEL_MAX, "wr:worker:%s", worker);
}

void channel_of_shopper(char out[CHANNEL_MAX], const char *shopper)
{
    snprintf(out, CHANNEL_MAX, SHOPPER_CHANNEL "%s", shopper);
}

const char *channel_shopper(const char *channel)
{
    return channel + strlen(SHOPPER_CHANNEL);
}
