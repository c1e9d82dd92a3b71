#include "find_order.h"
#include "redis_keys.h"
#include <stdlib.h>
#include <string.h>

struct look {
    struct find *find;
    char sale[WR_SALE_LEN + 1];
};

static void on_record(void *ctx, enum wr_err err, const struct wr_reply *reply);

static void ask(void *ctx, const struct wr_sale *sale)
{
    struct find *f = ctx;
    struct look *look = wr_alloc(sizeof *look);
    look->find = f;
    wr_copy_text(look->sale, sizeof look->sale, sale->id, strlen(sale->id));
    struct wr_args args = {0};
    wr_arg_text(&args, "HGET");
    key_of_stock(&args, sale->id, "orders");
    wr_arg_text(&args, f->order_id);
    f->waiting++;
    wr_redis_command(f->d->reading, &args, on_record, look);
    wr_args_free(&args);
}

static void on_no_sales(void *ctx)
{
    struct find *f = ctx;
    f->done(f->ctx, f->err);
}

void find_order(struct find *f, struct checkoutd *d, const char *order_id)
{
    f->d = d;
    f->order_id = order_id;
    f->err = WR_ERR_NOT_FOUND;
    wr_sales_each(d->sales, ask, f);
    if (!f->waiting)
        wr_loop_defer(d->loop, on_no_sales, f);
}

/* One that has it decides; otherwise one that did not say keeps "not found" from being known. */
static void on_record(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct look *look = ctx;
    struct find *f = look->find;
    if (!err && wr_reply_type(reply) == WR_REPLY_TEXT) {
        size_t len;
        const char *record = wr_reply_text(reply, &len);
        wr_buf_add(&f->record, record, len);
        memcpy(f->sale, look->sale, sizeof f->sale);
        f->err = WR_OK;
    } else if (err && f->err) {
        f->err = err;
    }
    free(look);
    if (--f->waiting == 0)
        f->done(f->ctx, f->err);
}

void find_free(struct find *f)
{
    wr_buf_free(&f->record);
}
