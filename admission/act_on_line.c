/* act_on_line.c
 *
 *   HGETALL line --> the script, naming the generation found --> done()
 *      \ withdrawn --> ended(), or 410
 *      \ no line, and no sale that is stepped here --> PostgreSQL: was there one? --> the same
 *
 * The merchant's way to a line needs nothing but Redis: it acts while PostgreSQL is away. */
#include "change_log.h"
#include "keyspace.h"
#include "merchant.h"
#include "sql_admission.h"
#include <stdlib.h>
#include <string.h>

struct act {
    struct admissiond *d;
    struct wr_request *req;
    struct line_act act;
    void *op;
    char sale[WR_SALE_LEN + 1];
    struct line line;
    struct wr_rows *recorded;
};
static void on_line(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void look_for_sale(struct act *a);
static enum wr_err read_sale(struct wr_pg_conn *c, void *ctx);
static void on_sale(void *ctx, enum wr_err err);
static void answer_ended(struct act *a);
static void on_acted(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void refuse(struct act *a, enum wr_err err);
static void finish(struct act *a);

void act_on_line(struct admissiond *d, struct wr_request *req, const struct line_act *act, void *op)
{
    struct act *a = wr_alloc(sizeof *a);
    *a = (struct act){.d = d, .req = req, .act = *act, .op = op};
    change_log_await(d->changes);
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
    if (!a->line.there) {
        look_for_sale(a);
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

static void look_for_sale(struct act *a)
{
    const struct sale *sale = admissiond_sale(a->d, a->sale);
    if ((sale && sale->gone) || a->line.withdrawn)
        answer_ended(a);
    else if (sale) /* lost or not opened yet: a step away from being there */
        refuse(a, WR_ERR_CLOSED);
    else if (wr_pg_submit(a->d->pg, read_sale, on_sale, a) != WR_OK)
        refuse(a, WR_ERR_BUSY);
}

static enum wr_err read_sale(struct wr_pg_conn *c, void *ctx)
{
    struct act *a = ctx;
    return wr_pg_query(c, &wr_sql_show_sale, 1, (const char *[]){a->sale}, &a->recorded);
}

static void on_sale(void *ctx, enum wr_err err)
{
    struct act *a = ctx;
    if (err != WR_OK)
        refuse(a, err);
    else if (wr_rows_count(a->recorded) == 0)
        refuse(a, WR_ERR_UNKNOWN_SALE);
    else if (strcmp(wr_rows_text(a->recorded, 0, "phase"), wr_phase_name(WR_PHASE_ENDED)) != 0)
        refuse(a, WR_ERR_CLOSED); /* another instance made it a moment ago */
    else
        answer_ended(a);
}

static void answer_ended(struct act *a)
{
    if (!a->act.ended) {
        refuse(a, WR_ERR_ENDED);
        return;
    }
    a->act.ended(a->d, a->req, a->sale);
    finish(a);
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
    change_log_came(a->d->changes);
    wr_rows_free(a->recorded);
    free(a->op);
    free(a);
}
