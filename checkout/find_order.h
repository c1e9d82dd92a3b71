/* find_order.h - the order of an id. The id names no sale: where the caller does not either, the stock of every
 * published sale is asked in one pipelined turn, and all such requests together have FIND_ASKS_MAX looks under
 * way. A sale that is named may have been withdrawn long ago. */
#ifndef CHECKOUT_FIND_ORDER_H
#define CHECKOUT_FIND_ORDER_H
#include "checkoutd.h"

#define FIND_ASKS_MAX ((size_t)2 * WR_SALES_MAX)

struct find {
    struct checkoutd *d;
    const char *order_id; /* borrowed until done */
    bool named;
    size_t waiting;
    enum wr_err err;
    char sale[WR_SALE_LEN + 1];
    struct wr_buf record;
    /* Once, later, from the loop. WR_OK: sale and record are filled. WR_ERR_NOT_FOUND: all answered, none has
     * it, and the list of sales is a fresh one, if it mattered. WR_ERR_BUSY: not all could be asked, none of the
     * others has it. */
    void (*done)(void *ctx, enum wr_err err);
    void *ctx;
};
/* `sale` NULL: not named. */
void find_order(struct find *f, struct checkoutd *d, const char *order_id, const char *sale);
void find_free(struct find *f);

#endif
