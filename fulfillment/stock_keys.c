/* stock_keys.c */
#include "stock_keys.h"

void stock_arg_key(struct wr_args *args, const char *sale, const char *what)
{
    wr_arg_printf(args, "wr:{%s:0}:%s", sale, what);
}

void stock_args_begin(struct wr_args *args, const char *sale, int64_t deal)
{
    wr_args_clear(args);
    stock_arg_key(args, sale, "stock");
    stock_arg_key(args, sale, "orders");
    stock_arg_key(args, sale, "bought");
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
