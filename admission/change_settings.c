/* change_settings.c - rate, hold, resume, mode, message, limits.
 *
 *   change_settings.lua (in force within the next tick) --> answer, and the change log --> PostgreSQL
 *
 * Redis first: a merchant who must stop a sale cannot wait for PostgreSQL. */
#include "change_settings.h"
#include "change_log.h"
#include "log.h"
#include "lua_admission.h"
#include "merchant.h"
#include <stdlib.h>
#include <string.h>

struct settings_change {
    const char *action;
    int64_t rate, cap, factor; /* -1: as it is */
    bool mode_given, message_given;
    enum wr_mode mode;
    char message[501];
};

void settings_arguments(struct wr_args *args, int64_t gen, int64_t version)
{
    wr_arg_int(args, gen);
    if (version)
        wr_arg_int(args, version);
    else
        wr_arg_text(args, "");
}

static void add(struct wr_args *args, const char *field, const char *value)
{
    wr_arg_text(args, field);
    wr_arg_text(args, value);
}

static void add_int(struct wr_args *args, const char *field, int64_t value)
{
    wr_arg_text(args, field);
    wr_arg_int(args, value);
}

void settings_add_all(struct wr_args *args, const struct settings *s)
{
    add_int(args, "rate", s->rate);
    add_int(args, "burst_ms", s->burst_ms);
    add(args, "mode", wr_mode_name(s->mode));
    add(args, "message", s->message);
    add_int(args, "cap", s->cap);
    add_int(args, "factor", s->factor);
}

/* ---- the flow ---- */

static void build(void *op, struct wr_args *args, const struct line *line)
{
    const struct settings_change *change = op;
    settings_arguments(args, line->gen, 0);
    if (change->rate >= 0)
        add_int(args, "rate", change->rate);
    if (change->cap >= 0)
        add_int(args, "cap", change->cap);
    if (change->factor >= 0)
        add_int(args, "factor", change->factor);
    if (change->mode_given)
        add(args, "mode", wr_mode_name(change->mode));
    if (change->message_given)
        add(args, "message", change->message);
}

static struct settings settings_in_force(const struct wr_reply *reply)
{
    struct settings s = {
        .version = wr_reply_int(wr_reply_at(reply, 0)),
        .rate = wr_reply_int(wr_reply_at(reply, 2)),
        .burst_ms = wr_reply_int(wr_reply_at(reply, 3)),
        .cap = wr_reply_int(wr_reply_at(reply, 6)),
        .factor = wr_reply_int(wr_reply_at(reply, 7)),
    };
    size_t len;
    const char *message = wr_reply_text(wr_reply_at(reply, 5), &len);
    const char *mode = wr_reply_text(wr_reply_at(reply, 4), NULL);
    if (!wr_mode_parse(mode, &s.mode))
        wr_error("mode of a line not understood", "mode=\"%.20s\"", mode);
    wr_copy_text(s.message, sizeof s.message, message, len);
    return s;
}

static void answer_settings(struct wr_request *req, const struct settings *s)
{
    wr_answer_json(req, 200,
                   wr_json_build("{s:I, s:I, s:s, s:s, s:I, s:I, s:I}", "per_minute", s->rate, "burst_ms",
                                 s->burst_ms, "mode", wr_mode_name(s->mode), "message", s->message, "cap",
                                 s->cap, "factor_percent", s->factor, "version", s->version));
}

static void on_changed(struct admissiond *d, struct wr_request *req, void *op, const char *sale,
                       const struct line *line, const struct wr_reply *reply)
{
    (void)line;
    const struct settings_change *asked = op;
    struct change change = {.kind = CHANGE_SETTINGS,
                            .action = asked->action,
                            .run = wr_reply_int(wr_reply_at(reply, 1)),
                            .settings = settings_in_force(reply)};
    wr_copy_text(change.sale, sizeof change.sale, sale, strlen(sale));
    merchant_actor(d, req, change.actor);
    change_log_add(d->changes, &change);
    wr_metric_add(METRIC_CHANGES, 1);
    answer_settings(req, &change.settings);
}

static void change_settings(struct admissiond *d, struct wr_request *req,
                            const struct settings_change *change)
{
    static const struct line_act act = {
        .script = &wr_lua_change_settings, .build = build, .done = on_changed};
    if (change_log_full(d->changes))
        wr_answer_problem(req, WR_ERR_BUSY, "Too many changes wait for the database.", 5);
    else
        act_on_line(d, req, &act, wr_dup(change, sizeof *change));
}

/* ---- the handlers ---- */

#define NO_CHANGE(action_)                                                                                   \
    {                                                                                                        \
        .action = action_, .rate = -1, .cap = -1, .factor = -1                                               \
    }

void set_rate(void *ctx, struct wr_request *req)
{
    static const struct wr_json_field fields[] = {
        WR_FIELD_INT(struct settings_change, rate, "per_minute", true, 0, 6000000),
        {0},
    };
    struct settings_change change = NO_CHANGE("rate.set");
    if (merchant_allowed(ctx, req) && merchant_sale(req) && merchant_body(req, fields, false, &change))
        change_settings(ctx, req, &change);
}

static const struct wr_json_field message_fields[] = {
    WR_FIELD_TEXT(struct settings_change, message, "message", false),
    {0},
};

void hold_sale(void *ctx, struct wr_request *req)
{
    struct settings_change change = NO_CHANGE("sale.hold");
    if (!merchant_allowed(ctx, req) || !merchant_sale(req) ||
        !merchant_body(req, message_fields, true, &change))
        return;
    change.mode_given = true;
    change.mode = WR_MODE_HOLD;
    change.message_given = change.message[0] != '\0';
    change_settings(ctx, req, &change);
}

/* What was said about the pause goes with it, unless another message is given. */
void resume_sale(void *ctx, struct wr_request *req)
{
    struct settings_change change = NO_CHANGE("sale.resume");
    if (!merchant_allowed(ctx, req) || !merchant_sale(req) ||
        !merchant_body(req, message_fields, true, &change))
        return;
    change.mode_given = change.message_given = true;
    change.mode = WR_MODE_QUEUE;
    change_settings(ctx, req, &change);
}

void set_message(void *ctx, struct wr_request *req)
{
    static const struct wr_json_field fields[] = {
        WR_FIELD_TEXT(struct settings_change, message, "message", true),
        {0},
    };
    struct settings_change change = NO_CHANGE("message.set");
    if (!merchant_allowed(ctx, req) || !merchant_sale(req) || !merchant_body(req, fields, false, &change))
        return;
    change.message_given = true;
    change_settings(ctx, req, &change);
}

void set_mode(void *ctx, struct wr_request *req)
{
    struct {
        char mode[16];
    } given = {0};
    const struct wr_json_field fields[] = {
        {.name = "mode", .type = WR_JSON_TEXT, .offset = 0, .cap = sizeof given.mode, .required = true},
        {0},
    };
    struct settings_change change = NO_CHANGE("mode.set");
    if (!merchant_allowed(ctx, req) || !merchant_sale(req) || !merchant_body(req, fields, false, &given))
        return;
    if (!wr_mode_parse(given.mode, &change.mode)) {
        wr_answer_problem(req, WR_ERR_INVALID, "mode: one of queue, hold, reject, passthrough.", 0);
        return;
    }
    change.mode_given = true;
    change_settings(ctx, req, &change);
}

void set_limits(void *ctx, struct wr_request *req)
{
    static const struct wr_json_field fields[] = {
        WR_FIELD_INT(struct settings_change, cap, "cap", false, 0, 100000000),
        WR_FIELD_INT(struct settings_change, factor, "factor_percent", false, 100, 100000),
        {0},
    };
    struct settings_change change = NO_CHANGE("limits.set");
    if (!merchant_allowed(ctx, req) || !merchant_sale(req) || !merchant_body(req, fields, false, &change))
        return;
    if (change.cap < 0 && change.factor < 0)
        wr_answer_problem(req, WR_ERR_INVALID, "cap, factor_percent: at least one of them.", 0);
    else
        change_settings(ctx, req, &change);
}

static void on_read(struct admissiond *d, struct wr_request *req, void *op, const char *sale,
                    const struct line *line, const struct wr_reply *reply)
{
    (void)d, (void)op, (void)sale, (void)reply;
    answer_settings(req, &line->settings);
}

void show_rate(void *ctx, struct wr_request *req)
{
    static const struct line_act act = {.done = on_read};
    if (merchant_allowed(ctx, req) && merchant_sale(req))
        act_on_line(ctx, req, &act, NULL);
}
