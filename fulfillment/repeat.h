/* repeat.h - a step that is done again and again: after a pause when there was nothing, at once when there
 * was more, soon when somebody knows of work, later and later when it failed. Never twice at a time. Soon is:
 * `gap_ms` after the last step began, so that work which comes piece by piece under load is done in batches,
 * and a lone piece at once. */
#ifndef FULFILLMENT_REPEAT_H
#define FULFILLMENT_REPEAT_H
#include "loop.h"
#include <stdbool.h>
#include <stdint.h>

struct repeat;
struct repeats { /* of one daemon; start with {0} */
    struct repeat *newest;
};
struct repeat_kind {
    uint64_t pause_ms, gap_ms;
    wr_loop_cb *run;               /* starts the step; its end is reported by repeat_ended() */
    bool (*busy)(const void *ctx); /* what steps began is under way; NULL: a step ends with all it began */
    wr_loop_cb *close;             /* frees `ctx`; no step runs */
};
enum repeat_outcome { REPEAT_IDLE, REPEAT_SOON, REPEAT_MORE, REPEAT_FAILED };
/* One more of `all`; `kind` is kept. */
struct repeat *repeat_new(struct repeats *all, struct wr_loop *loop, const struct repeat_kind *kind,
                          void *ctx);
void repeat_ended(struct repeat *r, enum repeat_outcome outcome);
bool repeat_runs(const struct repeat *r); /* a step does */
void repeat_kick(struct repeat *r); /* there is work: soon. Takes NULL */

void repeats_stop(struct repeats *all);       /* no further step is started */
bool repeats_idle(const struct repeats *all); /* no step runs, and nothing that one began is under way */
void repeats_close(struct repeats *all);      /* with what they belong to, the newest first */

#endif
