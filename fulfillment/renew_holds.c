#include "renew_holds.h"
#include "change_order.h"
#include "log.h"
#include "mem.h"
#include "one_by_one.h"
#include "sql_fulfillment.h"

struct late {
    size_t count;
    const char *ids[OUTBOX_READ_MAX]; /* of the rows */
};

static enum wr_err renew(struct wr_pg_conn *c, const char *const ids[], size_t count)
{
    struct wr_buf array[1] = {{0}};
    for (size_t i = 0; i < count; i++)
        wr_pg_array_add(&array[0], ids[i]);
    return query_arrays(c, &wr_sql_renew_holds, array, 1, NULL);
}

static enum wr_err renew_all(struct wr_pg_conn *c, void *op)
{
    const struct late *late = op;
    return renew(c, late->ids, late->count);
}

static enum wr_err renew_one(struct wr_pg_conn *c, void *item)
{
    return renew(c, item, 1);
}

static void on_failed(struct wr_pg_conn *c, void *item, enum wr_err err)
{
    const char *const *id = item;
    wr_error("a hold cannot be given anew", "entry=%s err=%s why=\"%s\"", *id, wr_err_slug(err),
             wr_pg_error(c));
}

enum wr_err renew_holds(struct wr_pg_conn *c, const struct wr_rows *entries, bool *renewed)
{
    struct late late = {0};
    for (size_t row = 0; row < wr_rows_count(entries) && late.count < OUTBOX_READ_MAX; row++)
        if (wr_rows_bool(entries, row, "late"))
            late.ids[late.count++] = wr_rows_text(entries, row, "id");
    *renewed = late.count;
    if (!late.count)
        return WR_OK;
    return one_by_one(c, &(struct one_by_one){.all = renew_all,
                                              .one = renew_one,
                                              .op = &late,
                                              .items = late.ids,
                                              .size = sizeof *late.ids,
                                              .count = &late.count,
                                              .failed = on_failed});
}
