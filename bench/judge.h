/* judge.h - the invariants of a run, and which of them hold. Pure. */
#ifndef BENCH_JUDGE_H
#define BENCH_JUDGE_H
#include "figures.h"

struct invariant {
    const char *name; /* a sentence, true when it holds */
    bool holds;
};
#define INVARIANTS_MAX 20
/* How many there are for this run: some ask for a sale of its own, for --least or for --ack-p99. */
size_t judge(const struct run *run, const struct figures *f, struct invariant *out);

#endif
