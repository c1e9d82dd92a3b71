/* batch.h - what arrives in one turn of the loop for one sale becomes one script call.
 *
 * Two calls of a batch may be under way; what arrives meanwhile gathers for the next, so that a slow store
 * gets fewer and larger calls. An item belongs to the caller and is borrowed until its `done` ran: once,
 * later, from the loop, in the order the items were given. A script that answers the single element `closed`
 * did nothing: WR_ERR_CLOSED. */
#ifndef CHECKOUT_BATCH_H
#define CHECKOUT_BATCH_H
#include "redis.h"
#include "sales.h"

struct batch;
struct batch_item {
    char sale[WR_SALE_LEN + 1];
    int lane;
    /* `row`: this item's element of the reply where the script answers one per item, else NULL. */
    void (*done)(void *ctx, enum wr_err err, const struct wr_reply *row);
    void *ctx;
    struct batch_item *next;
};
struct batch_config {
    struct wr_loop *loop;
    struct wr_redis *redis;
    const struct wr_sales *sales;
    const struct wr_script *script;
    bool rows; /* the script answers one element per item */
    /* Writes the arguments that the items of a call share, after the script's keys; NULL: there are none. An error
     * is every item's: nothing is sent then. */
    enum wr_err (*open)(const struct wr_sale *sale, struct wr_args *args);
    void (*write)(const struct batch_item *item, struct wr_args *args);
};
struct batch *batch_new(const struct batch_config *config);
void batch_add(struct batch *b, struct batch_item *item);
/* What was not sent is done with WR_ERR_BACKEND before it returns; takes NULL. */
void batch_free(struct batch *b);

#endif
