/* wheel.h - coarse deadlines for very many connections: set, move and cancel cost the same few instructions
 * for the first and the millionth. Pure: the caller brings the clock and calls wr_wheel_turn() about every
 * tick.
 *
 * A deadline runs out at most one tick late, never early; delays are cut to WR_WHEEL_MAX_MS. An entry is part
 * of the object it guards; zeroed memory is an entry that is not set. */
#ifndef WR_WHEEL_H
#define WR_WHEEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WR_WHEEL_TICK_MS = 100,
    WR_WHEEL_SLOTS = 1024,
    WR_WHEEL_MAX_MS = WR_WHEEL_TICK_MS * (WR_WHEEL_SLOTS - 2)
};

struct wr_deadline {
    struct wr_deadline *prev, *next;       /* NULL: not set */
    void (*on_due)(struct wr_deadline *d); /* may set and clear any entry, its own too, and free its object */
};
struct wr_wheel {
    struct wr_deadline slots[WR_WHEEL_SLOTS]; /* list heads */
    uint64_t turned;                          /* the last tick whose entries ran out */
    size_t count;
};

void wr_wheel_init(struct wr_wheel *w, uint64_t now_ms);
/* Moves it when set. */
void wr_wheel_set(struct wr_wheel *w, struct wr_deadline *d, uint64_t now_ms, uint64_t delay_ms);
void wr_wheel_clear(struct wr_wheel *w, struct wr_deadline *d);
void wr_wheel_turn(struct wr_wheel *w, uint64_t now_ms);

#endif
