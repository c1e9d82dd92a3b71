#include "session_json.h"
#include "crypto.h"
#include <stdio.h>
#include <string.h>

#define SESSION_PREFIX "cs_test_"
#define PAYMENT_PREFIX "pi_"
#define DIGITS 32

void random_id(const char *prefix, char id[64])
{
    uint8_t bytes[DIGITS / 2];
    char hex[DIGITS + 1];
    wr_random(bytes, sizeof bytes);
    wr_hex(bytes, sizeof bytes, hex);
    snprintf(id, 64, "%s%s", prefix, hex);
}

bool session_of_payment(const char *payment, char id[64])
{
    size_t prefix = strlen(PAYMENT_PREFIX);
    if (strncmp(payment, PAYMENT_PREFIX, prefix) != 0 || strlen(payment) != prefix + DIGITS)
        return false;
    snprintf(id, 64, SESSION_PREFIX "%s", payment + prefix);
    return true;
}

static void derive(const struct session *s, const char *prefix, char id[64])
{
    snprintf(id, 64, "%s%.*s", prefix, DIGITS, s->id + strlen(SESSION_PREFIX));
}

struct wr_json *session_json(const struct session *s, const char *base)
{
    bool open = session_payable(s), paid = s->payment != PAYMENT_UNPAID;
    char payment[64], url[400];
    derive(s, PAYMENT_PREFIX, payment);
    snprintf(url, sizeof url, "%s/sandbox/pay/%s", base, s->id);
    return wr_json_build(
        "{s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:b, s:{s:s}, s:s, s:s?, s:s, s:s, s:s, s:s?}", "id", s->id,
        "object", "checkout.session", "amount_total", (int64_t)s->amount, "client_reference_id", s->reference,
        "currency", s->currency, "created", (int64_t)s->created_s, "expires_at", (int64_t)s->expires_s,
        "livemode", 0, "metadata", "sale", s->sale, "mode", "payment", "payment_intent",
        paid ? payment : NULL, "payment_status", paid ? "paid" : "unpaid", "status",
        session_status_name(s->status), "success_url", s->success_url, "url", open ? url : NULL);
}

struct wr_json *refund_json(const struct session *s)
{
    char id[64], payment[64];
    derive(s, "re_", id);
    derive(s, PAYMENT_PREFIX, payment);
    return wr_json_build("{s:s, s:s, s:I, s:s, s:s, s:s}", "id", id, "object", "refund", "amount",
                         (int64_t)s->amount, "currency", s->currency, "payment_intent", payment, "status",
                         "succeeded");
}

static struct wr_json *charge_json(const struct session *s)
{
    char id[64], payment[64];
    derive(s, "ch_", id);
    derive(s, PAYMENT_PREFIX, payment);
    return wr_json_build("{s:s, s:s, s:I, s:I, s:s, s:s, s:b, s:b}", "id", id, "object", "charge", "amount",
                         (int64_t)s->amount, "amount_refunded", (int64_t)s->amount, "currency", s->currency,
                         "payment_intent", payment, "paid", 1, "refunded", 1);
}

struct wr_json *event_json(const char *id, const char *type, int64_t now_s, const struct session *s,
                           const char *base)
{
    struct wr_json *object = strncmp(type, "charge.", 7) ? session_json(s, base) : charge_json(s);
    return wr_json_build("{s:s, s:s, s:s, s:I, s:b, s:{s:o}}", "id", id, "object", "event", "type", type,
                         "created", (int64_t)now_s, "livemode", 0, "data", "object", object);
}

struct wr_json *error_json(const char *type, const char *code, const char *message)
{
    return code
               ? wr_json_build("{s:{s:s, s:s, s:s}}", "error", "type", type, "code", code, "message", message)
               : wr_json_build("{s:{s:s, s:s}}", "error", "type", type, "message", message);
}
