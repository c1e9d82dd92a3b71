/* verify_admission.c - GET /v1/admission/verify?sale=...: for nginx auth_request, and for any shop that asks.
 *
 *   token (Authorization, cookie, or ?token=) --> signature, times, sale --> verify.lua --> 200 with who it is
 *                                                    \ 401, 403                  \ 403: over, blocked, another browser's
 *
 * An admission is bound at first use to the browser that brings it, by a pass cookie; only the pass's digest is kept. */
#include "admissiond.h"
#include "browser.h"
#include "clock.h"
#include "keyspace.h"
#include "lua_admission.h"
#include "routes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASS_COOKIE "waitroom-pass"

struct verification {
    struct admissiond *d;
    struct wr_request *req;
    struct wr_token token;
    char pass[WR_SECRET_LEN + 1];
    bool pass_new;
};
static void refuse(struct wr_request *req, enum wr_err err);
static void on_verified(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void accept(struct verification *op, const struct wr_reply *reply);

static bool find_token(const struct admissiond *d, struct wr_request *req, char out[WR_TOKEN_MAX])
{
    const char *bearer = wr_request_credential(req, "Bearer"), *query = wr_request_query(req, "token");
    if (bearer)
        return wr_copy_text(out, WR_TOKEN_MAX, bearer, strlen(bearer));
    if (wr_browser_cookie(wr_runtime_http(d->rt), req, "waitroom-token", out, WR_TOKEN_MAX))
        return true;
    return query && wr_copy_text(out, WR_TOKEN_MAX, query, strlen(query));
}

static void ask_line(struct verification *op, const struct sale *sale)
{
    char pass_digest[WR_SHOPPER_LEN + 1];
    if (!wr_browser_cookie(wr_runtime_http(op->d->rt), op->req, PASS_COOKIE, op->pass, sizeof op->pass) ||
        !wr_shopper_of(op->pass, strlen(op->pass), pass_digest)) {
        op->pass_new = true;
        wr_secret_new(op->pass);
        if (!wr_shopper_of(op->pass, WR_SECRET_LEN, pass_digest))
            abort();
    }
    struct wr_args args = {0};
    wr_key_script_of_run(&args, &wr_lua_verify, sale->id, op->token.run, op->token.lane);
    wr_arg_int(&args, sale->line.gen);
    wr_arg_int(&args, op->token.run);
    wr_arg_int(&args, op->token.gen);
    wr_arg_int(&args, (int64_t)op->token.place);
    wr_arg_text(&args, op->token.jti);
    wr_arg_text(&args, op->token.shopper);
    wr_arg_int(&args, op->token.granted_ms);
    wr_arg_text(&args, pass_digest);
    wr_redis_eval(op->d->line, &wr_lua_verify, &args, on_verified, op);
    wr_args_free(&args);
}

void verify_admission(void *ctx, struct wr_request *req)
{
    struct admissiond *d = ctx;
    const char *name = wr_request_query(req, "sale");
    const struct sale *sale = name ? admissiond_sale(d, name) : NULL;
    char text[WR_TOKEN_MAX];
    struct verification op = {.d = d, .req = req};
    if (!name) {
        wr_answer_problem(req, WR_ERR_MALFORMED, "Name the sale: /v1/admission/verify?sale=<id>.", 0);
    } else if (!sale) {
        refuse(req, WR_ERR_UNKNOWN_SALE);
    } else if (!find_token(d, req, text)) {
        refuse(req, WR_ERR_UNAUTHENTICATED);
    } else {
        enum wr_err err = wr_token_verify(d->ring, text, strlen(text), wr_wall_ms() / 1000, &op.token);
        if (err == WR_OK && (strcmp(op.token.sale, sale->id) != 0 || op.token.run != sale->run))
            err = WR_ERR_TOKEN_FOREIGN;
        if (err == WR_OK && (!sale->line.there || sale->lost_at_ms))
            err = WR_ERR_CLOSED;
        if (err == WR_OK)
            ask_line(wr_dup(&op, sizeof op), sale);
        else
            refuse(req, err);
    }
}

static void refuse(struct wr_request *req, enum wr_err err)
{
    wr_metric_add(METRIC_VERIFY_REFUSED, 1);
    const char *detail =
        err == WR_ERR_UNAUTHENTICATED
            ? "Bring the admission token: Authorization: Bearer <token>, its cookie, or ?token=."
            : NULL;
    wr_answer_problem(req, err, detail, 0);
}

static enum wr_err verdict(const struct wr_reply *reply)
{
    static const struct {
        const char *word;
        enum wr_err err;
    } words[] = {{"ok", WR_OK},
                 {"over", WR_ERR_NOT_ADMITTED},
                 {"foreign", WR_ERR_TOKEN_FOREIGN},
                 {"blocked", WR_ERR_BLOCKED},
                 {"closed", WR_ERR_CLOSED}};
    const char *word = wr_reply_text(wr_reply_at(reply, 0), NULL);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].err;
    return WR_ERR_INTERNAL;
}

static void on_verified(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct verification *op = ctx;
    if (err == WR_OK)
        err = verdict(reply);
    /* Without an answer it may be bound to this pass already: whoever asks again brings it. */
    if (op->pass_new && (err == WR_OK || err == WR_ERR_NO_ANSWER)) {
        char cookie[WR_COOKIE_MAX];
        wr_cookie_write(wr_runtime_http(op->d->rt), PASS_COOKIE, op->pass, 0, cookie);
        wr_request_set_cookie(op->req, cookie);
    }
    if (err == WR_OK)
        accept(op, reply);
    else
        refuse(op->req, err);
    free(op);
}

/* The shop's pages get who was admitted as headers, which auth_request hands on. */
static void accept(struct verification *op, const struct wr_reply *reply)
{
    char place[24], left_s[24];
    int64_t left_ms = wr_reply_int(wr_reply_at(reply, 2)) - wr_reply_int(wr_reply_at(reply, 1));
    snprintf(place, sizeof place, "%d/%llu", op->token.lane, (unsigned long long)op->token.place);
    snprintf(left_s, sizeof left_s, "%lld", (long long)(left_ms / 1000));
    struct wr_answer answer = {.headers = {{"cache-control", "no-store"},
                                           {"waitroom-sale", op->token.sale},
                                           {"waitroom-shopper", op->token.shopper},
                                           {"waitroom-place", place},
                                           {"waitroom-jti", op->token.jti},
                                           {"waitroom-expires-in", left_s}}};
    wr_metric_add(METRIC_VERIFIED, 1);
    wr_answer(op->req, &answer);
}
