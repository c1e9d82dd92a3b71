/* read_order.c
 *
 *   shape, secret --> find (stock) --the shopper's own--> finish(OK)
 *                        |
 *                        unknown, another shopper's, no answer --> finish(error) */
#include "read_order.h"
#include "find_order.h"
#include "log.h"
#include "order_record.h"
#include "request.h"
#include <stdlib.h>
#include <string.h>

struct op {
    struct checkoutd *d;
    struct wr_request *req;
    char shopper[WR_SHOPPER_LEN + 1], order_id[WR_UUID_LEN + 1];
    struct find find;
};

static void on_found(void *ctx, enum wr_err err);
static void finish(struct op *op, enum wr_err err, struct wr_json *view);

void read_order(void *ctx, struct wr_request *req)
{
    struct checkoutd *d = ctx;
    char shopper[WR_SHOPPER_LEN + 1], order_id[WR_UUID_LEN + 1];
    const char *sale;
    enum wr_err err = request_order(d, req, shopper, order_id, &sale);
    if (!err)
        err = checkoutd_enter(d, shopper);
    if (err) {
        wr_answer_problem(req, err, NULL, 0);
        return;
    }
    struct op *op = wr_alloc(sizeof *op);
    op->d = d;
    op->req = req;
    memcpy(op->shopper, shopper, sizeof shopper);
    memcpy(op->order_id, order_id, sizeof order_id);
    op->find.done = on_found;
    op->find.ctx = op;
    find_order(&op->find, d, op->order_id, sale);
}

static void on_found(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    struct wr_json *view = NULL;
    if (err == WR_ERR_NO_ANSWER)
        err = WR_ERR_BACKEND; /* nothing was to happen: only the reading failed */
    if (!err)
        view = order_record_view(op->find.record.at, op->find.record.len, op->shopper, &err);
    if (!err && !view)
        err = WR_ERR_NOT_FOUND;
    finish(op, err, view);
}

static void finish(struct op *op, enum wr_err err, struct wr_json *view)
{
    if (err == WR_ERR_INTERNAL)
        wr_error("order record is out of shape", "order=%s", op->order_id);
    if (err)
        wr_answer_problem(op->req, err, NULL, 0);
    else
        wr_answer_json(op->req, 200, view);
    struct checkoutd *d = op->d;
    char shopper[WR_SHOPPER_LEN + 1];
    memcpy(shopper, op->shopper, sizeof shopper);
    find_free(&op->find);
    free(op);
    checkoutd_leave(d, shopper);
}
