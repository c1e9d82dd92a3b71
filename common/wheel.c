#include "wheel.h"

static void unlink_entry(struct wr_deadline *d)
{
    d->prev->next = d->next;
    d->next->prev = d->prev;
    d->prev = d->next = NULL;
}

static void link_entry(struct wr_deadline *head, struct wr_deadline *d)
{
    d->prev = head->prev;
    d->next = head;
    head->prev->next = d;
    head->prev = d;
}

void wr_wheel_init(struct wr_wheel *w, uint64_t now_ms)
{
    for (size_t i = 0; i < WR_WHEEL_SLOTS; i++)
        w->slots[i].prev = w->slots[i].next = &w->slots[i];
    w->turned = now_ms / WR_WHEEL_TICK_MS;
    w->count = 0;
}

void wr_wheel_clear(struct wr_wheel *w, struct wr_deadline *d)
{
    if (!d->next)
        return;
    unlink_entry(d);
    w->count--;
}

void wr_wheel_set(struct wr_wheel *w, struct wr_deadline *d, uint64_t now_ms, uint64_t delay_ms)
{
    if (delay_ms > WR_WHEEL_MAX_MS)
        delay_ms = WR_WHEEL_MAX_MS;
    /* rounded up: a tick's entries run out when it is over, so never early */
    uint64_t tick = (now_ms + delay_ms + WR_WHEEL_TICK_MS - 1) / WR_WHEEL_TICK_MS;
    if (tick <= w->turned)
        tick = w->turned + 1;
    /* The wheel may stand behind `now` (a long turn of the loop): a tick it has yet to reach twice is out of
     * reach. */
    if (tick >= w->turned + WR_WHEEL_SLOTS)
        tick = w->turned + WR_WHEEL_SLOTS - 1;
    wr_wheel_clear(w, d);
    link_entry(&w->slots[tick % WR_WHEEL_SLOTS], d);
    w->count++;
}

void wr_wheel_turn(struct wr_wheel *w, uint64_t now_ms)
{
    uint64_t now = now_ms / WR_WHEEL_TICK_MS;
    if (now > w->turned + WR_WHEEL_SLOTS)
        w->turned = now - WR_WHEEL_SLOTS; /* after a long sleep once round is enough */
    while (w->turned < now) {
        struct wr_deadline *slot = &w->slots[++w->turned % WR_WHEEL_SLOTS];
        /* what a callback sets goes at least one tick further, so this ends */
        while (slot->next != slot) {
            struct wr_deadline *d = slot->next;
            wr_wheel_clear(w, d);
            d->on_due(d);
        }
    }
}
