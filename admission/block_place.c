/* block_place.c
 *
 *   block_place.lua: nothing more is granted, a living admission ends --> answer, and the change log --> PostgreSQL */
#include "block_place.h"
#include "change_log.h"
#include "lua_admission.h"
#include "merchant.h"
#include "spent.h"
#include <stdlib.h>
#include <string.h>

struct block {
    int64_t place;
    char reason[CHANGE_REASON_MAX + 1];
};

void block_arguments(struct wr_args *args, int64_t gen, int64_t place, const char *reason)
{
    wr_arg_int(args, gen);
    wr_arg_int(args, place);
    if (reason)
        wr_arg_text(args, reason);
}

static void build_block(void *op, struct wr_args *args, const struct line *line)
{
    const struct block *block = op;
    block_arguments(args, line->gen, block->place, block->reason);
}

static void build_unblock(void *op, struct wr_args *args, const struct line *line)
{
    const struct block *block = op;
    block_arguments(args, line->gen, block->place, NULL);
}

static void log_change(struct admissiond *d, const struct wr_request *req, enum change_kind kind,
                       const char *sale, const struct block *block, int64_t gen, int64_t run)
{
    struct change change = {.kind = kind,
                            .action = kind == CHANGE_BLOCK ? "place.block" : "place.unblock",
                            .run = run,
                            .gen = gen,
                            .place = block->place};
    wr_copy_text(change.sale, sizeof change.sale, sale, strlen(sale));
    memcpy(change.reason, block->reason, sizeof change.reason);
    merchant_actor(d, req, change.actor);
    change_log_add(d->changes, &change);
    wr_metric_add(METRIC_CHANGES, 1);
}

static void on_blocked(struct admissiond *d, struct wr_request *req, void *op, const char *sale,
                       const struct line *line, const struct wr_reply *reply)
{
    const struct block *block = op;
    log_change(d, req, CHANGE_BLOCK, sale, block, line->gen, wr_reply_int(wr_reply_at(reply, 1)));
    wr_answer_json(req, 200,
                   wr_json_build("{s:i, s:I, s:b, s:s}", "lane", 0, "place", block->place, "blocked", 1,
                                 "reason", block->reason));
}

static void on_unblocked(struct admissiond *d, struct wr_request *req, void *op, const char *sale,
                         const struct line *line, const struct wr_reply *reply)
{
    const struct block *block = op;
    log_change(d, req, CHANGE_UNBLOCK, sale, block, line->gen, wr_reply_int(wr_reply_at(reply, 1)));
    wr_answer_json(req, 200,
                   wr_json_build("{s:i, s:I, s:b}", "lane", 0, "place", block->place, "blocked", 0));
}

/* The place of the path; false after it answered. */
static bool place_of(struct admissiond *d, struct wr_request *req, int64_t *place)
{
    const char *lane = wr_request_param(req, "lane"), *text = wr_request_param(req, "place");
    size_t digits = strspn(text, "0123456789");
    *place = digits && digits < 12 && !text[digits] ? strtoll(text, NULL, 10) : 0;
    if (strcmp(lane, "0") != 0)
        wr_answer_problem(req, WR_ERR_INVALID, "lane: this sale has lane 0 only.", 0);
    else if (*place < 1 || (uint64_t)*place >= SPENT_PLACES_MAX)
        wr_answer_problem(req, WR_ERR_INVALID, "place: a place number of the line, 1 or higher.", 0);
    else if (change_log_full(d->changes))
        wr_answer_problem(req, WR_ERR_BUSY, "Too many changes wait for the database.", 5);
    else
        return true;
    return false;
}

void block_place(void *ctx, struct wr_request *req)
{
    static const struct line_act act = {
        .script = &wr_lua_block_place, .build = build_block, .done = on_blocked};
    static const struct wr_json_field fields[] = {
        {.name = "reason",
         .type = WR_JSON_TEXT,
         .offset = offsetof(struct block, reason),
         .cap = sizeof(((struct block *)0)->reason),
         .required = true,
         .min = 1},
        {0},
    };
    struct block block = {0};
    if (merchant_allowed(ctx, req) && merchant_sale(req) && place_of(ctx, req, &block.place) &&
        merchant_body(req, fields, false, &block))
        act_on_line(ctx, req, &act, wr_dup(&block, sizeof block));
}

void unblock_place(void *ctx, struct wr_request *req)
{
    static const struct line_act act = {
        .script = &wr_lua_unblock_place, .build = build_unblock, .done = on_unblocked};
    struct block block = {0};
    if (merchant_allowed(ctx, req) && merchant_sale(req) && place_of(ctx, req, &block.place))
        act_on_line(ctx, req, &act, wr_dup(&block, sizeof block));
}
