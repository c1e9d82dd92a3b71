/* setup.h - before the crowd: where everything is, which sale, and that it is open. Blocking; says what is
 * wrong. */
#ifndef BENCH_SETUP_H
#define BENCH_SETUP_H
#include "crowd.h"

/* Finds the targets, makes the sale (or sets the rate of the one named) and waits until its line is live. */
bool setup_stage(struct stage *stage, const struct options *options);

/* With --gather the line was held until now: lets it go. */
bool setup_let_go(const struct stage *stage);

/* Ends the sale if it was made here, so that its line costs nobody anything any more. */
void setup_strike(const struct stage *stage);

#endif
