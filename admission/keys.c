#include "keys.h"
#include <inttypes.h>
#include <stdio.h>

const char *key_text(char out[KEY_MAX], const char *sale, const char *what)
{
    snprintf(out, KEY_MAX, "wr:{%s}:%s", sale, what);
    return out;
}

void key_line(struct wr_args *args, const char *sale, const char *what)
{
    wr_arg_printf(args, "wr:{%s}:%s", sale, what);
}

void key_spent(struct wr_args *args, const char *sale, int64_t run, int lane)
{
    wr_arg_printf(args, "wr:{%s}:spent:%" PRId64 ":%d", sale, run, lane);
}

void key_stock(struct wr_args *args, const char *sale, int shard)
{
    wr_arg_printf(args, "wr:{%s:%d}:stock", sale, shard);
}
