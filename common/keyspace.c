#include "keyspace.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE "wr:{%s}:%s"
#define STOCK "wr:{%s:0}:%s"
#define SHOPPER "wr:shopper:"

#define NO_RUN (-1)

static void add_key(struct wr_args *args, const struct wr_script *script, const char *name, const char *sale,
                    int64_t run, int lane)
{
    if (script->of_stock)
        wr_key_stock(args, sale, name);
    else if (strcmp(name, "spent") != 0)
        wr_arg_printf(args, LINE, sale, name);
    else if (run != NO_RUN)
        wr_key_spent(args, sale, run, lane);
    else
        abort(); /* the bits of which run? */
}

void wr_key_script(struct wr_args *args, const struct wr_script *script, const char *sale)
{
    wr_key_script_of_run(args, script, sale, NO_RUN, 0);
}

void wr_key_script_of_run(struct wr_args *args, const struct wr_script *script, const char *sale, int64_t run,
                          int lane)
{
    for (int i = 0; i < script->keys; i++)
        add_key(args, script, script->key_names[i], sale, run, lane);
}

void wr_key_spent(struct wr_args *args, const char *sale, int64_t run, int lane)
{
    wr_arg_printf(args, "wr:{%s}:spent:%" PRId64 ":%d", sale, run, lane);
}

void wr_key_stock(struct wr_args *args, const char *sale, const char *what)
{
    wr_arg_printf(args, STOCK, sale, what);
}

const char *wr_key_line_text(char out[WR_KEY_MAX], const char *sale, const char *what)
{
    snprintf(out, WR_KEY_MAX, LINE, sale, what);
    return out;
}

const char *wr_key_stock_text(char out[WR_KEY_MAX], const char *sale, const char *what)
{
    snprintf(out, WR_KEY_MAX, STOCK, sale, what);
    return out;
}

static const char *const parts[WR_STOCK_PARTS] = {
    [WR_STOCK_SHARE] = "share", [WR_STOCK_FREE] = "free",     [WR_STOCK_HELD] = "held",
    [WR_STOCK_SOLD] = "sold",   [WR_STOCK_VOIDED] = "voided",
};

const char *wr_stock_part_name(enum wr_stock_part part)
{
    return parts[part];
}

void wr_stock_field(char out[WR_KEY_MAX], const char *sku, enum wr_stock_part part)
{
    snprintf(out, WR_KEY_MAX, "%s|%s", sku, parts[part]);
}

bool wr_stock_field_part(const char *field, enum wr_stock_part *part)
{
    const char *bar = strrchr(field, '|');
    for (int i = 0; bar && i < WR_STOCK_PARTS; i++) {
        if (strcmp(bar + 1, parts[i]) != 0)
            continue;
        *part = (enum wr_stock_part)i;
        return true;
    }
    return false;
}

void wr_channel_of_worker(char out[WR_CHANNEL_MAX], const char *worker)
{
    snprintf(out, WR_CHANNEL_MAX, "wr:worker:%s", worker);
}

void wr_channel_of_shopper(char out[WR_CHANNEL_MAX], const char *shopper)
{
    snprintf(out, WR_CHANNEL_MAX, SHOPPER "%s", shopper);
}

const char *wr_channel_shopper(const char *channel)
{
    return channel + strlen(SHOPPER);
}
