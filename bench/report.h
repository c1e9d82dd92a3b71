/* report.h - what the run showed, as text and as JSON, and whether every invariant held. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H
#include "run.h"

/* Prints it and writes --json; the number of broken invariants. */
int report(struct run *run);

#endif
