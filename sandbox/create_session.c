/* create_session.c
 *
 *   read the form --> insert --> the session (200)
 *        |               '--the key is known--> find by key --> same wish: the session (200)
 *        '--> 400                                    '--> another wish: idempotency_error (400)
 */
#include "create_session.h"
#include "api.h"
#include "clock.h"
#include "sandbox_metrics.h"
#include "session_json.h"
#include "session_store.h"
#include "sql_sandbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIFE_S = 24 * 3600 };

struct op {
    struct sandboxd *d;
    struct wr_request *req;
    struct session wish, found;
    char key[121];
    int64_t life_s;
    bool created;
};

static bool take_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    if (!text || !*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 15)
        return false;
    *out = strtoll(text, NULL, 10);
    return *out >= min && *out <= max;
}

static bool take_text(const char *text, char *out, size_t cap)
{
    return !text || wr_copy_text(out, cap, text, strlen(text));
}

static bool take_currency(const char *text, char out[4])
{
    if (!text || strlen(text) != 3)
        return false;
    for (int i = 0; i < 3; i++) {
        out[i] = (char)(text[i] | 0x20); /* lower case, as Stripe gives it */
        if (out[i] < 'a' || out[i] > 'z')
            return false;
    }
    return true;
}

/* The first field that is not acceptable; NULL: all are. */
static const char *read_item(const struct wr_request *req, struct session *s)
{
    int64_t price, quantity = 1;
    const char *amount = wr_request_form(req, "line_items[0][price_data][unit_amount]");
    const char *count = wr_request_form(req, "line_items[0][quantity]");
    if (!take_currency(wr_request_form(req, "line_items[0][price_data][currency]"), s->currency))
        return "line_items[0][price_data][currency]";
    if (!take_number(amount, 0, 99999999999, &price))
        return "line_items[0][price_data][unit_amount]";
    if (count && !take_number(count, 1, 10000, &quantity))
        return "line_items[0][quantity]";
    if (!take_text(wr_request_form(req, "line_items[0][price_data][product_data][name]"), s->description,
                   sizeof s->description))
        return "line_items[0][price_data][product_data][name]";
    s->amount = price * quantity;
    return NULL;
}

static const char *read_life(const struct wr_request *req, int64_t *life_s)
{
    const char *expires = wr_request_form(req, "expires_at");
    int64_t expires_s, now_s = wr_wall_ms() / 1000;
    *life_s = LIFE_S;
    if (!expires)
        return NULL;
    if (!take_number(expires, now_s + 1, now_s + LIFE_S, &expires_s))
        return "expires_at";
    *life_s = expires_s - now_s;
    return NULL;
}

static const char *read_form(const struct wr_request *req, struct op *op)
{
    struct session *s = &op->wish;
    const char *reference = wr_request_form(req, "client_reference_id");
    if (!reference || !*reference || !take_text(reference, s->reference, sizeof s->reference))
        return "client_reference_id";
    const char *wrong = read_item(req, s);
    if (wrong)
        return wrong;
    if (!take_text(wr_request_form(req, "success_url"), s->success_url, sizeof s->success_url))
        return "success_url";
    if (!take_text(wr_request_form(req, "metadata[sale]"), s->sale, sizeof s->sale))
        return "metadata[sale]";
    return read_life(req, &op->life_s);
}

static enum wr_err work(struct wr_pg_conn *c, void *ctx)
{
    struct op *op = ctx;
    struct session *s = &op->wish;
    const char *const values[] = {s->id,          op->key, s->reference,   WR_PG_INT(s->amount), s->currency,
                                  s->description, s->sale, s->success_url, WR_PG_INT(op->life_s)};
    enum wr_err err = session_query(c, &wr_sql_insert_session, 9, values, &op->found);
    op->created = !err;
    return err == WR_ERR_NOT_FOUND ? session_find(c, &wr_sql_find_session_by_key, op->key, &op->found) : err;
}

static bool same_wish(const struct session *a, const struct session *b)
{
    return a->amount == b->amount && !strcmp(a->currency, b->currency) &&
           !strcmp(a->reference, b->reference) && !strcmp(a->description, b->description) &&
           !strcmp(a->sale, b->sale) && !strcmp(a->success_url, b->success_url);
}

static void on_done(void *ctx, enum wr_err err)
{
    struct op *op = ctx;
    if (err)
        api_failed(op->req, err);
    else if (!same_wish(&op->wish, &op->found))
        api_error(op->req, 400, "idempotency_error", NULL,
                  "This Idempotency-Key was used with other parameters.");
    else
        wr_answer_json(op->req, 200, session_json(&op->found, op->d->base));
    if (op->created)
        wr_metric_add(METRIC_CREATED, 1);
    free(op);
}

void create_session(void *ctx, struct wr_request *req)
{
    struct sandboxd *d = ctx;
    if (!api_authorized(d, req))
        return;
    struct op *op = wr_alloc(sizeof *op);
    op->d = d;
    op->req = req;
    random_id("cs_test_", op->wish.id);
    const char *key = wr_request_header(req, WR_HEADER_IDEMPOTENCY_KEY), *wrong = read_form(req, op);
    if (!wrong && !take_text(key ? key : op->wish.id, op->key, sizeof op->key))
        wrong = "Idempotency-Key";
    if (wrong) {
        char message[120];
        snprintf(message, sizeof message, "Missing or invalid: %s.", wrong);
        api_error(req, 400, "invalid_request_error", "parameter_invalid", message);
    } else if (wr_pg_submit(d->pg, work, on_done, op) == WR_OK) {
        return;
    } else {
        api_failed(req, WR_ERR_BUSY);
    }
    free(op);
}
