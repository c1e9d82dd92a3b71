#include "wheel.h"
#include "mem.h"
#include <stdlib.h>

#define SLOTS 4096u
#define TICK_MS 4u
#define NONE UINT32_MAX

struct timer {
    uint64_t due_ms; /* 0: not running */
    uint32_t next, prev;
};

struct wheel {
    struct timer *timers;
    uint64_t tick;   /* the next one to look at */
    uint32_t resume; /* where in its slot looking goes on */
    bool looking;
    uint32_t slots[SLOTS];
};

struct wheel *wheel_new(uint32_t timers, uint64_t now_ms)
{
    struct wheel *w = wr_alloc(sizeof *w);
    w->timers = wr_alloc(timers * sizeof *w->timers);
    w->tick = now_ms / TICK_MS;
    for (size_t i = 0; i < SLOTS; i++)
        w->slots[i] = NONE;
    return w;
}

void wheel_free(struct wheel *w)
{
    if (!w)
        return;
    free(w->timers);
    free(w);
}

static uint32_t *slot_of(struct wheel *w, uint64_t due_ms)
{
    return &w->slots[due_ms / TICK_MS % SLOTS];
}

void wheel_stop(struct wheel *w, uint32_t timer)
{
    struct timer *t = &w->timers[timer];
    if (!t->due_ms)
        return;
    if (w->looking && w->resume == timer)
        w->resume = t->next;
    if (t->prev == NONE)
        *slot_of(w, t->due_ms) = t->next;
    else
        w->timers[t->prev].next = t->next;
    if (t->next != NONE)
        w->timers[t->next].prev = t->prev;
    t->due_ms = 0;
}

void wheel_start(struct wheel *w, uint32_t timer, uint64_t due_ms)
{
    wheel_stop(w, timer);
    if (due_ms / TICK_MS <=
        w->tick) /* what is due already comes with the next tick, not a turn of the wheel later */
        due_ms = (w->tick + 1) * TICK_MS;
    struct timer *t = &w->timers[timer];
    uint32_t *slot = slot_of(w, due_ms);
    *t = (struct timer){.due_ms = due_ms, .next = *slot, .prev = NONE};
    if (*slot != NONE)
        w->timers[*slot].prev = timer;
    *slot = timer;
}

bool wheel_due(struct wheel *w, uint64_t now_ms, uint32_t *timer)
{
    for (; w->tick <= now_ms / TICK_MS; w->tick++, w->looking = false) {
        if (!w->looking) {
            w->resume = w->slots[w->tick % SLOTS];
            w->looking = true;
        }
        while (w->resume != NONE) {
            uint32_t id = w->resume;
            w->resume = w->timers[id].next;
            if (w->timers[id].due_ms / TICK_MS > w->tick)
                continue; /* a later turn of the wheel */
            wheel_stop(w, id);
            *timer = id;
            return true;
        }
    }
    return false;
}
