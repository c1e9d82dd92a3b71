/* act_on_line.c
 *
 *   HGETALL line --> the script, naming the generation found --> done()
 *
 * The merchant's way to a line needs nothing but Redis: it acts while PostgreSQL is away. */
#include "keyspace.h"
#include "merchant.h"
#include <stdlib.h>
#include <string.h>

struct act {
    struct admissiond *d;
    struct wr_request *req;
    struct line_act act;
    void *op;
    char sale[WR_SALE_LEN + 1];
    struct line line;
};
static void on_line(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void on_acted(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void refuse(struct act *a, enum wr_err err);
static void finish(struct act *a);

void act_on_line(struct admissiond *d, struct wr_request *req, const struct line_act *act, void *op)
{
    struct act *a = wr_alloc(sizeof *a);
    *a = (struct act){.d = d, .req = req, .act = *act, .op = op};
    const char *sale = wr_request_param(req, "sale");
    wr_copy_text(a->sale, sizeof a->sale, sale, strlen(sale));
    char key[WR_KEY_MAX];
    wr_redis_commandv(d->line, on_line, a, "HGETALL", wr_key_line_text(key, a->sale, "line"), NULL);
}

static void on_line(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct act *a = ctx;
    if (err != WR_OK) {
        refuse(a, err);
        return;
    }
    line_parse(&a->line, reply);
    if (!a->line.there) { /* known, but lost or not opened yet: a step away from being there */
        refuse(a, admissiond_sale(a->d, a->sale) ? WR_ERR_CLOSED : WR_ERR_UNKNOWN_SALE);
    } else if (strcmp(a->line.run_id, wr_redis_run_id(a->d->line)) != 0) {
        refuse(a, WR_ERR_CLOSED);
    } else if (!a->act.script) {
        a->act.done(a->d, a->req, a->op, a->sale, &a->line, NULL);
        finish(a);
    } else {
        struct wr_args args = {0};
        wr_key_script(&args, a->act.script, a->sale);
        a->act.build(a->op, &args, &a->line);
        wr_redis_eval(a->d->line, a->act.script, &args, on_acted, a);
        wr_args_free(&args);
    }
}

static void on_acted(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct act *a = ctx;
    if (err == WR_OK && wr_reply_count(reply) == 1 &&
        strcmp(wr_reply_text(wr_reply_at(reply, 0), NULL), "closed") == 0)
        err = WR_ERR_CLOSED;
    if (err != WR_OK) {
        refuse(a, err);
        return;
    }
    a->act.done(a->d, a->req, a->op, a->sale, &a->line, reply);
    finish(a);
}

static void refuse(struct act *a, enum wr_err err)
{
    wr_answer_problem(a->req, err, NULL, 0);
    finish(a);
}

static void finish(struct act *a)
{
    free(a->op);
    free(a);
}
