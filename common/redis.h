/* redis.h - one pipelined, self-healing Redis connection on the daemon's loop. Owns hiredis.
 *
 * A request has exactly one outcome: its callback runs once, later, from the loop - on the reply, at the
 * deadline, or when the connection is lost. It never runs from inside the call that made the request, so
 * callers have one error path, not two.
 *
 * err is WR_OK with a reply that is not an error; WR_ERR_BACKEND when Redis refused (nothing happened; the
 * reply has its text) or no connection was there to send it; WR_ERR_NO_ANSWER when it was sent and no answer
 * came in time (it may have happened). An answer older than the deadline (800 ms) is never delivered as an
 * answer: a frozen primary answers, as a success, what waited in its sockets.
 *
 * On every connect the process's run id is read before anything else is sent, and on_state(ctx, true)
 * follows; on loss on_state(ctx, false). Reconnects by itself: 50 ms, doubling to 1 s, half of it random. */
#ifndef WR_REDIS_H
#define WR_REDIS_H
#include "embed.h"
#include "err.h"
#include "loop.h"
#include "mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_redis;
struct wr_reply; /* borrowed, only inside the callback */
typedef void wr_redis_cb(void *ctx, enum wr_err err, const struct wr_reply *reply);

struct wr_redis_config {
    const char *address;                         /* "127.0.0.1:7086" (an IP literal) or "/path/to.sock" */
    const char *username, *password;             /* NULL: none */
    int deadline_ms;                             /* 0: 800 */
    size_t in_flight_max;                        /* 0: 10,000; past it the callback gets WR_ERR_BUSY */
    void (*on_state)(void *ctx, bool connected); /* may be NULL */
    void *ctx;
};
/* Returns at once; connects in the background. Bad address: WR_ERR_INVALID. */
enum wr_err wr_redis_open(struct wr_redis **out, struct wr_loop *loop,
                          const struct wr_redis_config *config) WR_MUST_CHECK;
/* Pending callbacks run with NO_ANSWER before it returns; takes NULL. Never from inside a callback of `r`. */
void wr_redis_close(struct wr_redis *r);
bool wr_redis_connected(const struct wr_redis *r);
/* 40 hex of the process we talk to; "" while not connected. */
const char *wr_redis_run_id(const struct wr_redis *r);

/* Arguments: binary-safe, copied when the request is made. */
struct wr_args { /* start with {0}; reusable after wr_args_clear */
    struct wr_buf bytes;
    size_t *ends, count, cap;
};
void wr_arg(struct wr_args *a, const void *bytes, size_t len);
void wr_arg_text(struct wr_args *a, const char *text);
void wr_arg_int(struct wr_args *a, int64_t n);
void wr_arg_printf(struct wr_args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void wr_args_clear(struct wr_args *a);
void wr_args_free(struct wr_args *a);

/* The arguments are read before it returns. */
void wr_redis_command(struct wr_redis *r, const struct wr_args *args, wr_redis_cb *cb, void *ctx);
void wr_redis_commandv(struct wr_redis *r, wr_redis_cb *cb, void *ctx, ...)
    __attribute__((sentinel)); /* texts, NULL */
/* EVAL on the connection's first use of the script, EVALSHA from then on, EVAL once after NOSCRIPT. `args`
 * holds the script's keys, then its arguments; their numbers are asserted against the script's contract. A
 * script that failed on its way (an error not refused by name) is WR_ERR_NO_ANSWER: it may have written
 * before. */
void wr_redis_eval(struct wr_redis *r, const struct wr_script *script, const struct wr_args *args,
                   wr_redis_cb *cb, void *ctx);

/* Replies. Wrong type or index: 0, "" or NULL. */
enum wr_reply_type { WR_REPLY_NIL, WR_REPLY_INT, WR_REPLY_TEXT, WR_REPLY_LIST, WR_REPLY_ERROR };
enum wr_reply_type wr_reply_type(const struct wr_reply *reply);
int64_t wr_reply_int(const struct wr_reply *reply);                   /* also parses a text reply of digits */
const char *wr_reply_text(const struct wr_reply *reply, size_t *len); /* len may be NULL */
size_t wr_reply_count(const struct wr_reply *reply);
const struct wr_reply *wr_reply_at(const struct wr_reply *reply, size_t i);

/* ---- subscriptions: a connection of their own ---- */
struct wr_subscriber;
typedef void wr_subscriber_cb(void *ctx, const char *channel, const char *message, size_t len);
struct wr_subscriber_config {
    const char *address, *username, *password;
    wr_subscriber_cb *on_message;
    /* Every subscription is in force (again): read the state now, messages in the gap were lost. */
    void (*on_restored)(void *ctx);
    void *ctx;
};
enum wr_err wr_subscriber_open(struct wr_subscriber **out, struct wr_loop *loop,
                               const struct wr_subscriber_config *config) WR_MUST_CHECK;
void wr_subscriber_close(struct wr_subscriber *s); /* takes NULL; never from inside a callback of `s` */
/* `done` (may be NULL) runs once, when Redis confirmed it: subscribe first, read the state second. Counted:
 * as many unsubscribes end it; then a `done` that has not run yet never will. */
void wr_subscribe(struct wr_subscriber *s, const char *channel, void (*done)(void *ctx), void *ctx);
void wr_unsubscribe(struct wr_subscriber *s, const char *channel);

const char *wr_redis_version(void);

#endif
