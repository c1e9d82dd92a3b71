#include "order.h"
#include <string.h>

static const struct order_change changes[] = {
    {ORDER_NEW, ORDER_QUEUED, MOVE_NONE, +1},
    {ORDER_NEW, ORDER_FAILED, MOVE_VOID, 0}, /* oversold: such a unit never existed */
    {ORDER_NEW, ORDER_CANCELLED, MOVE_RELEASE, 0}, /* the cancel came first */
    {ORDER_QUEUED, ORDER_PENDING_PAYMENT, MOVE_NONE, 0},
    {ORDER_QUEUED, ORDER_CONFIRMED, MOVE_SELL, 0}, /* paid before the link's answer was written down */
    {ORDER_QUEUED, ORDER_CANCELLED, MOVE_RELEASE, -1},
    {ORDER_QUEUED, ORDER_FAILED, MOVE_RELEASE, -1}, /* the provider refuses it for good */
    {ORDER_PENDING_PAYMENT, ORDER_CONFIRMED, MOVE_SELL, 0},
    {ORDER_PENDING_PAYMENT, ORDER_EXPIRING, MOVE_NONE, 0},
    {ORDER_EXPIRING, ORDER_EXPIRED, MOVE_RELEASE, -1},
    {ORDER_EXPIRING, ORDER_CANCELLED, MOVE_RELEASE, -1},
    {ORDER_EXPIRING, ORDER_CONFIRMED, MOVE_SELL, 0}, /* paid before the provider closed it */
    {ORDER_EXPIRED, ORDER_CONFIRMED, MOVE_SELL, +1}, /* late payment; the unit was taken in Redis first */
    {ORDER_EXPIRED, ORDER_REFUNDED, MOVE_RELEASE, 0},
    {ORDER_CANCELLED, ORDER_REFUNDED, MOVE_RELEASE, 0},
    {ORDER_FAILED, ORDER_REFUNDED, MOVE_RELEASE, 0},
    {ORDER_CONFIRMED, ORDER_REFUNDED, MOVE_UNSELL, -1},
};

static const char *const status_names[ORDER_STATUS_COUNT] = {
    [ORDER_NEW] = "new",
    [ORDER_QUEUED] = "queued",
    [ORDER_PENDING_PAYMENT] = "pending_payment",
    [ORDER_EXPIRING] = "expiring",
    [ORDER_CONFIRMED] = "confirmed",
    [ORDER_EXPIRED] = "expired",
    [ORDER_CANCELLED] = "cancelled",
    [ORDER_FAILED] = "failed",
    [ORDER_REFUNDED] = "refunded",
};
static const char *const move_names[MOVE_COUNT] = {
    [MOVE_NONE] = "none", [MOVE_SELL] = "sell",     [MOVE_RELEASE] = "release",
    [MOVE_VOID] = "void", [MOVE_UNSELL] = "unsell",
};
static const char *const hold_names[HOLD_COUNT] = {
    [HOLD_HELD] = "held",
    [HOLD_SOLD] = "sold",
    [HOLD_RELEASED] = "released",
    [HOLD_VOIDED] = "voided",
};

const struct order_change *order_change_of(enum order_status from, enum order_status to)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (changes[i].from == from && changes[i].to == to)
            return &changes[i];
    return NULL;
}

static int find(const char *const *names, int count, const char *text)
{
    for (int i = 0; text && i < count; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return -1;
}

const char *order_status_name(enum order_status status)
{
    return status_names[status];
}

bool order_status_parse(const char *text, enum order_status *out)
{
    int i = find(status_names, ORDER_STATUS_COUNT, text);
    if (i <= ORDER_NEW)
        return false;
    *out = (enum order_status)i;
    return true;
}

const char *order_move_name(enum order_move move)
{
    return move_names[move];
}

bool order_move_parse(const char *text, enum order_move *out)
{
    int i = find(move_names, MOVE_COUNT, text);
    if (i < 0)
        return false;
    *out = (enum order_move)i;
    return true;
}

const char *order_hold_name(enum order_hold hold)
{
    return hold_names[hold];
}

bool order_hold_parse(const char *text, enum order_hold *out)
{
    int i = find(hold_names, HOLD_COUNT, text);
    if (i < 0)
        return false;
    *out = (enum order_hold)i;
    return true;
}

bool order_is_committed(enum order_status status)
{
    return status == ORDER_QUEUED || status == ORDER_PENDING_PAYMENT || status == ORDER_EXPIRING ||
           status == ORDER_CONFIRMED;
}

enum order_hold order_hold_expected(enum order_status status, const char *reason)
{
    if (status == ORDER_CONFIRMED)
        return HOLD_SOLD;
    if (order_is_committed(status))
        return HOLD_HELD;
    if (status == ORDER_FAILED && reason && strcmp(reason, REASON_OVERSOLD) == 0)
        return HOLD_VOIDED;
    return HOLD_RELEASED;
}

enum order_hold order_hold_after(enum order_hold hold, enum order_move move)
{
    if (hold == HOLD_HELD && move == MOVE_SELL)
        return HOLD_SOLD;
    if (hold == HOLD_HELD && move == MOVE_RELEASE)
        return HOLD_RELEASED;
    if (hold == HOLD_HELD && move == MOVE_VOID)
        return HOLD_VOIDED;
    if (hold == HOLD_SOLD && move == MOVE_UNSELL)
        return HOLD_RELEASED;
    return hold;
}
