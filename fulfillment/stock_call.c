#include "stock_call.h"
#include "keyspace.h"
#include "lua_fulfillment.h"

void stock_args_begin(struct wr_args *args, const char *sale, int64_t deal)
{
    wr_args_clear(args);
    wr_key_script(args, &wr_lua_apply_order, sale);
    wr_arg_int(args, deal);
}

void stock_args_order(struct wr_args *args, const char *order_id, int64_t event, const char *move,
                      const char *message, const char *shopper)
{
    wr_arg_text(args, order_id);
    wr_arg_int(args, event);
    wr_arg_text(args, move);
    wr_arg_text(args, message);
    wr_arg_text(args, shopper);
}
