/* repeat.h - a step that is done again and again: after a pause when there was nothing, at once when there was more or
 * somebody knows of work, later and later when it failed. Never twice at a time. */
#ifndef REPEAT_H
#define REPEAT_H
#include "loop.h"
#include <stdbool.h>
#include <stdint.h>

struct repeat;
enum repeat_outcome { REPEAT_IDLE, REPEAT_MORE, REPEAT_FAILED };
/* `run` starts the step; its end is reported by repeat_ended(). */
struct repeat *repeat_new(struct wr_loop *loop, uint64_t pause_ms, wr_loop_cb *run, void *ctx);
void repeat_ended(struct repeat *r, enum repeat_outcome outcome);
void repeat_kick(struct repeat *r); /* there is work: do not wait for the pause. Takes NULL */
void repeat_stop(struct repeat *r); /* no further step is started */
bool repeat_running(const struct repeat *r);
void repeat_free(struct repeat *r); /* takes NULL */

#endif
