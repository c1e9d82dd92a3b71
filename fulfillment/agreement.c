#include "agreement.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the record will be once everything that is on its way was told. */
static enum order_hold hold_at_last(const char *pending, enum order_hold hold, int64_t event)
{
    while (pending && *pending) {
        char name[16] = "";
        char *after;
        int64_t next = strtoll(pending, &after, 10);
        enum order_move move;
        if (next > event && sscanf(after, " %15[a-z]", name) == 1 && order_move_parse(name, &move)) {
            hold = order_hold_after(hold, move);
            event = next;
        }
        pending = strchr(after, ',');
        pending = pending ? pending + 1 : NULL;
    }
    return hold;
}

enum agreement agreement_of(const struct agreement_order *order, enum order_hold hold, int64_t event)
{
    enum order_hold expected = order_hold_expected(order->status, order->reason);
    if (hold_at_last(order->pending, hold, event) == expected)
        return order->pending ? IN_FLIGHT : AGREES;
    bool taken = order->payment_waiting && order->status == ORDER_EXPIRED && hold == HOLD_HELD;
    return taken ? IN_FLIGHT : DRIFTS;
}
