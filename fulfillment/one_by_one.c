#include "one_by_one.h"

enum wr_err one_by_one(struct wr_pg_conn *c, const struct one_by_one *work)
{
    enum wr_err err = wr_pg_transact(c, work->all, work->op);
    if (!wr_pg_refused(err))
        return err;
    for (size_t i = 0; i < *work->count; i++) {
        void *item = (char *)work->items + i * work->size;
        err = wr_pg_transact(c, work->one, item);
        if (err)
            work->failed(c, item, err);
        if (err && !wr_pg_refused(err))
            return err;
    }
    return WR_OK;
}
