/* one_by_one.h - many in one transaction; when the database refuses that, each in one of its own, where it can only stop
 * itself. For work on a pool thread. */
#ifndef FULFILLMENT_ONE_BY_ONE_H
#define FULFILLMENT_ONE_BY_ONE_H
#include "pg.h"

struct one_by_one {
    wr_pg_work *all, *one; /* inside a transaction: with `op`; with one of the items */
    void *op, *items;
    size_t size;         /* of an item */
    const size_t *count; /* of the items that `all` has found */
    /* An item that failed alone; wr_pg_error(c) says why. */
    void (*failed)(struct wr_pg_conn *c, void *item, enum wr_err err);
};
/* What was refused alone is no failure of the whole. */
enum wr_err one_by_one(struct wr_pg_conn *c, const struct one_by_one *work) WR_MUST_CHECK;

#endif
