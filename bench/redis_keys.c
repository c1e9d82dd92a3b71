#include "redis_keys.h"
#include <stdio.h>

void redis_key_line(char out[REDIS_KEY_MAX], const char *sale)
{
    snprintf(out, REDIS_KEY_MAX, "wr:{%s}:line", sale);
}

void redis_key_inside(char out[REDIS_KEY_MAX], const char *sale)
{
    snprintf(out, REDIS_KEY_MAX, "wr:{%s}:inside", sale);
}

void redis_key_stock(char out[REDIS_KEY_MAX], const char *sale)
{
    snprintf(out, REDIS_KEY_MAX, "wr:{%s:0}:stock", sale); /* one shard: there are no sales with more yet */
}
