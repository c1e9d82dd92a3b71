#include "messages.h"
#include "clock.h"
#include "room.h"
#include "tell_shopper.h"
#include <stdio.h>
#include <string.h>

static struct wr_json *units(int64_t left)
{
    return left < 0 ? NULL : wr_json_build("I", left);
}

struct wr_json *message_sale(const struct wr_sale *sale)
{
    return wr_json_build("{s:s, s:s, s:s, s:o, s:o?, s:I, s:I, s:I}", "type", "sale", "phase",
                         wr_phase_name(sale->phase), "mode", wr_mode_name(sale->mode), "message",
                         wr_json_bytes(sale->message, strlen(sale->message)), "remaining", units(sale->left),
                         "now", wr_wall_ms(), "starts_at", sale->starts_at, "ends_at", sale->ends_at);
}

struct wr_json *message_ticket(const struct waitroom *w, const struct shopper *p)
{
    char text[WR_TICKET_MAX], visit[VISIT_MAX];
    wr_ticket_sign(w->ticket_key, &p->ticket, text);
    snprintf(visit, sizeof visit, "%s-%llx", w->me, (unsigned long long)p->visit);
    return wr_json_build("{s:s, s:s, s:i, s:I, s:s, s:i}", "type", "ticket", "ticket", text, "lane",
                         p->ticket.lane, "place", (int64_t)p->ticket.place, "worker", visit,
                         "reconnect_within_s", tell_reconnect_within_s(w));
}

struct wr_json *message_position(const struct shopper *p)
{
    struct wr_json *eta = p->eta_known ? wr_json_build("[I, I]", p->eta.low_s, p->eta.high_s) : NULL;
    static const char *const limits[] = {
        [LIMIT_NONE] = NULL, [LIMIT_FULL] = "full", [LIMIT_STOPPED] = "stopped"};
    return wr_json_build("{s:s, s:I, s:o?, s:s?, s:f}", "type", "position", "ahead", p->ahead, "eta_s", eta,
                         "limit", limits[p->limit], "next_s", p->next_s);
}

struct wr_json *message_called(bool again)
{
    return again ? wr_json_build("{s:s, s:b}", "type", "called", "again", 1) : message_plain("called");
}

struct wr_json *message_admitted(const struct shopper *p, const char *checkout_url)
{
    return wr_json_build("{s:s, s:s, s:I, s:s}", "type", "admitted", "token", p->admission->token,
                         "expires_at", p->admission->token_expires_ms, "checkout_url", checkout_url);
}

struct wr_json *message_error(enum wr_err err, const char *detail)
{
    char title[120];
    snprintf(title, sizeof title, "%s.", wr_err_title(err));
    return wr_json_build("{s:s, s:s, s:s, s:s}", "type", "error", "code", wr_err_slug(err), "detail",
                         detail ? detail : title, "next", wr_err_next(err));
}

struct wr_json *message_closed(bool has_place)
{
    return message_error(WR_ERR_CLOSED, has_place
                                            ? "The line is closed for a moment; your place is safe."
                                            : "The line is closed for a moment; you join as soon as it opens.");
}

struct wr_json *message_reconnect(int within_s)
{
    return wr_json_build("{s:s, s:i}", "type", "reconnect", "within_s", within_s);
}

struct wr_json *message_spent(void)
{
    return wr_json_build("{s:s, s:s}", "type", "spent", "next", wr_err_next(WR_ERR_SPENT));
}

struct wr_json *message_plain(const char *type)
{
    return wr_json_build("{s:s}", "type", type);
}
