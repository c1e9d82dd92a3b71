#include "redis_keys.h"

void key_of_line(struct wr_args *args, const char *sale, const char *name)
{
    wr_arg_printf(args, "wr:{%s}:%s", sale, name);
}

void key_of_spent(struct wr_args *args, const char *sale, int64_t run, int lane)
{
    wr_arg_printf(args, "wr:{%s}:spent:%lld:%d", sale, (long long)run, lane);
}

/* A single node has one shard; a shopper's home is always shard 0. */
void key_of_stock(struct wr_args *args, const char *sale, const char *name)
{
    wr_arg_printf(args, "wr:{%s:0}:%s", sale, name);
}
