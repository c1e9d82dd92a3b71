/* find_order.h - the order of an id: every known sale's stock is asked in one pipelined turn, since the id
 * names none. */
#ifndef CHECKOUT_FIND_ORDER_H
#define CHECKOUT_FIND_ORDER_H
#include "checkoutd.h"

struct find {
    struct checkoutd *d;
    const char *order_id; /* borrowed until done */
    size_t waiting;
    enum wr_err err;
    char sale[WR_SALE_LEN + 1];
    struct wr_buf record;
    /* Once, later, from the loop. WR_OK: sale and record are filled. WR_ERR_NOT_FOUND: all answered, none has
     * it. */
    void (*done)(void *ctx, enum wr_err err);
    void *ctx;
};
void find_order(struct find *f, struct checkoutd *d, const char *order_id);
void find_free(struct find *f);

#endif
