/* payment.c */
#include "payment.h"
#include <stddef.h>
#include <string.h>

static const char *const names[PAYMENT_STATE_COUNT] = {
    [PAYMENT_NONE] = "",
    [PAYMENT_WANTED] = "wanted",
    [PAYMENT_OPEN] = "open",
    [PAYMENT_PAID] = "paid",
    [PAYMENT_CLOSING] = "closing",
    [PAYMENT_CLOSED] = "closed",
    [PAYMENT_REFUNDING] = "refunding",
    [PAYMENT_REFUNDED] = "refunded",
    [PAYMENT_REFUND_FAILED] = "refund_failed",
};

const char *payment_state_name(enum payment_state state)
{
    return names[state];
}

bool payment_state_parse(const char *text, enum payment_state *out)
{
    for (int i = PAYMENT_NONE; i < PAYMENT_STATE_COUNT; i++)
        if (strcmp(names[i], text ? text : "") == 0) {
            *out = (enum payment_state)i;
            return true;
        }
    return false;
}

bool payment_is_refund(enum payment_state state)
{
    return state == PAYMENT_REFUNDING || state == PAYMENT_REFUNDED || state == PAYMENT_REFUND_FAILED;
}
