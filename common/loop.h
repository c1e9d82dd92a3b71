/* loop.h - the event loop of a process: timers, descriptors, wake-ups, end-of-turn work. Owns libuv.
 *
 * One loop a process, used from its own thread only (wr_wake_send alone may be called from any thread).
 * Every object is freed by its _free(), which takes NULL and may be called from inside its own callback. */
#ifndef WR_LOOP_H
#define WR_LOOP_H
#include "err.h"
#include <stdbool.h>
#include <stdint.h>

struct wr_loop;
struct wr_timer;
struct wr_watch;
struct wr_wake;
struct wr_signal;
typedef void wr_loop_cb(void *ctx);

enum wr_err wr_loop_open(struct wr_loop **out) WR_MUST_CHECK;
void wr_loop_run(struct wr_loop *loop); /* until wr_loop_stop() */
void wr_loop_stop(struct wr_loop *loop);
/* Runs what is closing to its end, at most `limit_ms`; then frees; takes NULL. Returns false when handles
 * were left: then nothing is freed and it may be called again. */
bool wr_loop_close(struct wr_loop *loop, int limit_ms);
void *wr_loop_native(struct wr_loop *loop); /* the uv_loop_t, for a library that wants a foreign loop */
uint64_t wr_loop_now_ms(const struct wr_loop *loop); /* monotonic, cached at the start of the turn */

struct wr_timer *wr_timer_new(struct wr_loop *loop, wr_loop_cb *on_due, void *ctx);
void wr_timer_start(struct wr_timer *t, uint64_t delay_ms, uint64_t repeat_ms); /* restarts if running */
void wr_timer_stop(struct wr_timer *t);
void wr_timer_free(struct wr_timer *t);

enum { WR_READABLE = 1, WR_WRITABLE = 2 };
typedef void wr_watch_cb(void *ctx, int events); /* an error reports both, once, and pauses */
struct wr_watch *wr_watch_new(struct wr_loop *loop, int fd, wr_watch_cb *on_event,
                              void *ctx);          /* fd is not owned */
void wr_watch_set(struct wr_watch *w, int events); /* 0 pauses */
void wr_watch_free(struct wr_watch *w);

struct wr_wake *wr_wake_new(struct wr_loop *loop, wr_loop_cb *on_wake, void *ctx);
void wr_wake_send(struct wr_wake *w); /* from any thread; several sends may become one callback */
void wr_wake_free(struct wr_wake *w);

struct wr_signal *wr_signal_new(struct wr_loop *loop, int signum, wr_loop_cb *on_signal, void *ctx);
void wr_signal_free(struct wr_signal *s);

/* Calls `run` once, after the events of this turn were handled: how everything that arrives in one turn
 * becomes one call to a store. A deferral cannot be taken back: guard it with a flag of your own. */
void wr_loop_defer(struct wr_loop *loop, wr_loop_cb *run, void *ctx);

const char *wr_loop_version(void);

#endif
