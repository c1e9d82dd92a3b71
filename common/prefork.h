/* prefork.h - one process that watches, N that work.
 *
 * Call it before any loop, thread or library context exists: these do not survive a fork. */
#ifndef WR_PREFORK_H
#define WR_PREFORK_H
#include "err.h"
#include <stdint.h>

/* Returns the worker's number in every worker. In the first process it returns -1 when all is over, with the
 * exit status in `*status`: after SIGTERM or SIGINT (passed on; workers that are not gone 10 s past their
 * drain limit are killed), or when a worker gave up by itself before any had started (what is wrong then is
 * not cured by starting again). A worker that dies is started again after 100 ms, doubling to 2 s while it
 * dies young. */
int wr_prefork(int workers, int64_t drain_ms, int *status);
void wr_prefork_started(void); /* in a worker: it serves */

#endif
