/* repeat.h - a step that is done again and again: after a pause when there was nothing, at once when there
 * was more, soon when somebody knows of work, later and later when it failed. Never twice at a time. Soon is:
 * `gap_ms` after the last step began, so that work which comes piece by piece under load is done in batches,
 * and a lone piece at once. */
#ifndef REPEAT_H
#define REPEAT_H
#include "loop.h"
#include <stdbool.h>
#include <stdint.h>

struct repeat;
enum repeat_outcome { REPEAT_IDLE, REPEAT_SOON, REPEAT_MORE, REPEAT_FAILED };
/* `run` starts the step; its end is reported by repeat_ended(). */
struct repeat *repeat_new(struct wr_loop *loop, uint64_t pause_ms, uint64_t gap_ms, wr_loop_cb *run,
                          void *ctx);
void repeat_ended(struct repeat *r, enum repeat_outcome outcome);
void repeat_kick(struct repeat *r); /* there is work: soon. Takes NULL */
void repeat_stop(struct repeat *r); /* no further step is started */
bool repeat_running(const struct repeat *r);
void repeat_free(struct repeat *r); /* takes NULL */

#endif
