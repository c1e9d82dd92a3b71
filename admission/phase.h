/* phase.h - by clock and stock: scheduled -> live <-> sold_out -> ended. Once its time is over a sale is sold_out while
 * units are held, or may be because the stock was not counted since, and then ended. Pure. */
#ifndef ADMISSION_PHASE_H
#define ADMISSION_PHASE_H
#include "sales.h"
#include <stdint.h>

struct phase_facts {
    int64_t now, starts_at, ends_at; /* wall ms */
    int64_t counted_at;              /* wall ms when left and held were true; 0: they are not known */
    int64_t left;                    /* units that can still be bought; -1: no stock of ours */
    int64_t held;                    /* units on hold: a sale does not end before they are decided */
};
enum wr_phase phase_next(enum wr_phase phase, const struct phase_facts *facts);
/* From when the step to phase_next() is due, wall ms; 0: it goes by the stock. */
int64_t phase_due(enum wr_phase phase, const struct phase_facts *facts);

#endif
