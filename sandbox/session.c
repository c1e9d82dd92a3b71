#include "session.h"
#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {"open", "complete", "expired"};
static const char *const payment_names[] = {"unpaid", "paid", "refunded"};

bool session_payable(const struct session *s)
{
    return s->status == SESSION_OPEN && !s->past;
}

static enum session_verdict pay(struct session *s)
{
    if (s->status == SESSION_COMPLETE)
        return SESSION_ALREADY;
    if (!session_payable(s))
        return SESSION_REFUSED;
    s->status = SESSION_COMPLETE;
    s->payment = PAYMENT_PAID;
    return SESSION_CHANGED;
}

static enum session_verdict decline(struct session *s)
{
    if (!session_payable(s))
        return SESSION_REFUSED;
    s->declined++;
    return SESSION_CHANGED;
}

static enum session_verdict expire(struct session *s, bool allowed)
{
    if (s->status != SESSION_OPEN || !allowed)
        return SESSION_REFUSED;
    s->status = SESSION_EXPIRED;
    return SESSION_CHANGED;
}

static enum session_verdict refund(struct session *s, const char *key)
{
    if (s->payment == PAYMENT_REFUNDED)
        return *key && !strcmp(s->refund_key, key) ? SESSION_ALREADY : SESSION_REFUSED;
    if (s->payment != PAYMENT_PAID)
        return SESSION_REFUSED;
    s->payment = PAYMENT_REFUNDED;
    snprintf(s->refund_key, sizeof s->refund_key, "%s", key);
    return SESSION_CHANGED;
}

enum session_verdict session_apply(struct session *s, enum session_act act, const char *key)
{
    switch (act) {
    case SESSION_PAY:
        return pay(s);
    case SESSION_DECLINE:
        return decline(s);
    case SESSION_EXPIRE:
        return expire(s, true);
    case SESSION_LAPSE:
        return expire(s, s->past);
    case SESSION_REFUND:
        return refund(s, key);
    }
    return SESSION_REFUSED;
}

const char *session_event(enum session_act act)
{
    switch (act) {
    case SESSION_PAY:
        return "checkout.session.completed";
    case SESSION_EXPIRE:
    case SESSION_LAPSE:
        return "checkout.session.expired";
    case SESSION_REFUND:
        return "charge.refunded";
    case SESSION_DECLINE:
        break;
    }
    return NULL;
}

const char *session_status_name(enum session_status status)
{
    return status_names[status];
}

const char *session_payment_name(enum session_payment payment)
{
    return payment_names[payment];
}

static bool find(const char *const names[3], const char *text, unsigned *out)
{
    for (unsigned i = 0; i < 3; i++)
        if (!strcmp(names[i], text)) {
            *out = i;
            return true;
        }
    return false;
}

bool session_status_parse(const char *text, enum session_status *out)
{
    unsigned at = 0;
    bool found = find(status_names, text, &at);
    *out = (enum session_status)at;
    return found;
}

bool session_payment_parse(const char *text, enum session_payment *out)
{
    unsigned at = 0;
    bool found = find(payment_names, text, &at);
    *out = (enum session_payment)at;
    return found;
}
