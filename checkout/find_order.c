#include "find_order.h"
#include "keyspace.h"
#include <stdlib.h>
#include <string.h>

struct look {
    struct find *find;
    char sale[WR_SALE_LEN + 1];
};

static void on_record(void *ctx, enum wr_err err, const struct wr_reply *reply);

static void ask(struct find *f, const char *sale)
{
    struct look *look = wr_alloc(sizeof *look);
    look->find = f;
    wr_copy_text(look->sale, sizeof look->sale, sale, strlen(sale));
    struct wr_args args = {0};
    wr_arg_text(&args, "HGET");
    wr_key_stock(&args, sale, "orders");
    wr_arg_text(&args, f->order_id);
    f->waiting++;
    wr_redis_command(f->d->reading, &args, on_record, look);
    wr_args_free(&args);
}

static void ask_published(void *ctx, const struct wr_sale *sale)
{
    struct find *f = ctx;
    if (f->d->finding >= FIND_ASKS_MAX) {
        f->err = WR_ERR_BUSY;
        return;
    }
    f->d->finding++;
    ask(f, sale->id);
}

/* While the sales were not read for some time, one may be missing: then nothing is known not to be there. */
static void end(struct find *f)
{
    if (f->err == WR_ERR_NOT_FOUND && !f->named && !wr_sales_fresh(f->d->sales))
        f->err = WR_ERR_BACKEND;
    f->done(f->ctx, f->err);
}

static void on_no_sales(void *ctx)
{
    end(ctx);
}

void find_order(struct find *f, struct checkoutd *d, const char *order_id, const char *sale)
{
    f->d = d;
    f->order_id = order_id;
    f->err = WR_ERR_NOT_FOUND;
    f->named = sale;
    if (sale)
        ask(f, sale);
    else
        wr_sales_each(d->sales, ask_published, f);
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
    if (!f->named)
        f->d->finding--;
    if (--f->waiting == 0)
        end(f);
}

void find_free(struct find *f)
{
    wr_buf_free(&f->record);
}
