/* phase.h - by clock and stock: scheduled -> live <-> sold_out -> ended. Pure. */
#ifndef ADMISSION_PHASE_H
#define ADMISSION_PHASE_H
#include "sales.h"
#include <stdbool.h>
#include <stdint.h>

struct phase_facts {
    int64_t now, starts_at, ends_at; /* wall ms */
    bool counted;                    /* left and held are known */
    int64_t left;                    /* units that can still be bought; -1: no stock of ours */
    int64_t held;                    /* units on hold: a sale does not end before they are decided */
};
enum wr_phase phase_next(enum wr_phase phase, const struct phase_facts *facts);
/* What the line is told is left: nothing can be bought any more once the sale's time is over. */
int64_t phase_left(const struct phase_facts *facts);
/* The phase of that name; false when there is none. */
bool phase_of(const char *name, enum wr_phase *out);

#endif
