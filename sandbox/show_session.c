#include "show_session.h"
#include "api.h"
#include "pay_page.h"
#include "session_json.h"
#include "session_store.h"
#include "sql_sandbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct op {
    struct sandboxd *d;
    struct wr_request *req;
    char id[64];
    struct session session;
};

static enum wr_err work(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    return session_find(c, &wr_sql_find_session, op->id, &op->session);
}

static void start(struct sandboxd *d, struct wr_request *req, wr_pg_done *done)
{
    struct op *op = wr_alloc(sizeof *op);
    const char *id = wr_request_param(req, "id");
    op->d = d;
    op->req = req;
    if (!wr_copy_text(op->id, sizeof op->id, id, strlen(id)))
        done(op, WR_ERR_NOT_FOUND);
    else if (wr_pg_submit(d->pg, work, done, op) != WR_OK)
        done(op, WR_ERR_BUSY);
}

static void answer_api(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    if (err == WR_ERR_NOT_FOUND)
        api_missing(op->req);
    else if (err)
        api_failed(op->req, err);
    else
        wr_answer_json(op->req, 200, session_json(&op->session, op->d->base));
    free(op);
}

void show_by_api(void *ctx, struct wr_request *req)
{
    if (api_authorized(ctx, req))
        start(ctx, req, answer_api);
}

static void answer_page(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    if (err)
        pay_page_problem(op->req, err);
    else
        pay_page(op->req, &op->session, wr_request_query(op->req, "note"));
    free(op);
}

void show_page(void *ctx, struct wr_request *req)
{
    start(ctx, req, answer_page);
}

/* Nothing changes: the session stays open until its time is over, as when a shopper closes the tab. */
void walk_away(void *ctx, struct wr_request *req)
{
    char where[160];
    const char *id = wr_request_param(req, "id");
    (void)ctx;
    if (strlen(id) > 63 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(id)) {
        pay_page_problem(req, WR_ERR_NOT_FOUND);
        return;
    }
    snprintf(where, sizeof where, "/sandbox/pay/%s?note=left", id);
    wr_answer(req, &(struct wr_answer){.status = 303,
                                       .content_type = "text/plain; charset=utf-8",
                                       .headers = {{"location", where}, {"cache-control", "no-store"}}});
}
