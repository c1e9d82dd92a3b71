/* redis.c
 *
 *           dial                 run id read
 *   DOWN ----------> GREETING ----------------> UP
 *     ^                 |                        |
 *     +--- on_lost() ---+------------------------+     redis_link.c dials again
 *
 * Redis answers in order, so what is in flight is one queue, and one watchdog on its oldest member is every request's
 * deadline: when that one is overdue, everything behind it waits for the same silent process, and the connection goes.
 * Requests that cannot be sent wait for the next turn in a second queue, `refused`. */
#include "redis.h"
#include "clock.h"
#include "log.h"
#include "redis_link.h"
#include "redis_private.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define RUN_ID_LEN 40

enum state { DOWN, GREETING, UP };
enum { LATE_MS = 20 }; /* a watchdog so much behind its time was kept from running */

struct op {
    struct op *next;
    wr_redis_cb *cb;
    void *ctx;
    uint64_t sent_ms;
    enum wr_err refusal;
    const struct wr_script *script; /* NULL: not a script */
    struct wr_args args;            /* of a script, until it is known not to be answered NOSCRIPT */
};

struct queue {
    struct op *first, **last;
    size_t count;
};

struct wr_redis {
    struct wr_redis_config config;
    struct wr_link link;
    enum state state;
    bool delivering;       /* inside a caller's callback */
    bool reconnect_wanted; /* decided inside a reply; done after it */
    size_t greetings;      /* answers still to come before UP: AUTH, INFO */
    uint64_t greeted_ms;
    char run_id[RUN_ID_LEN + 1];
    struct queue in_flight, refused;
    struct wr_timer *watchdog, *refusals;
    bool looked_again; /* the watchdog found the oldest overdue, and gave it one more turn of the loop */
    struct wr_scripts scripts;
    struct wr_argv argv;
};

/* ---- queues ---- */
static void queue_init(struct queue *q)
{
    *q = (struct queue){.last = &q->first};
}

static void queue_add(struct queue *q, struct op *op)
{
    op->next = NULL;
    *q->last = op;
    q->last = &op->next;
    q->count++;
}

static struct op *queue_take(struct queue *q)
{
    struct op *op = q->first;
    if (!op)
        return NULL;
    q->first = op->next;
    if (!q->first)
        q->last = &q->first;
    q->count--;
    return op;
}

/* Moves everything, so that what callbacks add meanwhile is not among it. */
static void queue_move(struct queue *from, struct queue *to)
{
    queue_init(to);
    if (from->first) {
        *to = *from;
        queue_init(from);
    }
}

/* ---- outcomes: every request ends in finish() ---- */
static void finish(struct wr_redis *r, struct op *op, enum wr_err err, const struct wr_reply *reply)
{
    r->delivering = true;
    if (op->cb)
        op->cb(op->ctx, err, reply);
    r->delivering = false;
    wr_args_free(&op->args);
    free(op);
}

static void on_refusals(void *ctx)
{
    struct wr_redis *r = ctx;
    struct queue refused;
    queue_move(&r->refused, &refused);
    for (struct op *op; (op = queue_take(&refused));)
        finish(r, op, op->refusal, NULL);
}

static void refuse(struct wr_redis *r, struct op *op, enum wr_err err)
{
    op->refusal = err;
    if (!r->refused.first)
        wr_timer_start(r->refusals, 0, 0);
    queue_add(&r->refused, op);
}

/* ---- sending ---- */
static uint64_t deadline_ms(const struct wr_redis *r)
{
    return (uint64_t)r->config.deadline_ms;
}

static void in_flight(struct wr_redis *r, struct op *op)
{
    op->sent_ms = wr_mono_ms();
    if (!r->in_flight.first)
        wr_timer_start(r->watchdog, deadline_ms(r), 0);
    queue_add(&r->in_flight, op);
}

static void send_command(struct wr_redis *r, struct op *op)
{
    wr_wire_send(&r->link.wire, r->argv.count, r->argv.at, r->argv.lens);
    in_flight(r, op);
}

static void send_script(struct wr_redis *r, struct op *op, bool whole)
{
    wr_script_write(&r->argv, op->script, &op->args, whole);
    send_command(r, op);
}

static struct op *op_new(wr_redis_cb *cb, void *ctx)
{
    struct op *op = wr_alloc(sizeof *op);
    op->cb = cb;
    op->ctx = ctx;
    return op;
}

/* True: `op` waits for its refusal. */
static bool refused(struct wr_redis *r, struct op *op)
{
    if (r->state != UP)
        refuse(r, op, WR_ERR_BACKEND);
    else if (r->in_flight.count >= r->config.in_flight_max)
        refuse(r, op, WR_ERR_BUSY);
    else
        return false;
    return true;
}

void wr_redis_command(struct wr_redis *r, const struct wr_args *args, wr_redis_cb *cb, void *ctx)
{
    struct op *op = op_new(cb, ctx);
    if (refused(r, op))
        return;
    wr_argv_begin(&r->argv, args->count);
    wr_argv_add_args(&r->argv, args);
    send_command(r, op);
}

void wr_redis_commandv(struct wr_redis *r, wr_redis_cb *cb, void *ctx, ...)
{
    struct wr_args args = {0};
    va_list list;
    va_start(list, ctx);
    for (const char *text; (text = va_arg(list, const char *));)
        wr_arg_text(&args, text);
    va_end(list);
    wr_redis_command(r, &args, cb, ctx);
    wr_args_free(&args);
}

void wr_redis_eval(struct wr_redis *r, const struct wr_script *script, const struct wr_args *args,
                   wr_redis_cb *cb, void *ctx)
{
    wr_script_check(script, args);
    struct op *op = op_new(cb, ctx);
    op->script = script;
    if (refused(r, op))
        return;
    wr_buf_add(&op->args.bytes, args->bytes.at, args->bytes.len);
    op->args.ends = wr_dup(args->ends, args->count * sizeof *args->ends);
    op->args.count = op->args.cap = args->count;
    send_script(r, op, !wr_scripts_know(&r->scripts, script));
}

/* ---- the connection ---- */
static void set_state(struct wr_redis *r, enum state state)
{
    enum state was = r->state;
    r->state = state;
    if (state != UP)
        r->run_id[0] = '\0';
    if ((was == UP) == (state == UP) || !r->config.on_state)
        return;
    r->delivering = true;
    r->config.on_state(r->config.ctx, state == UP);
    r->delivering = false;
}

/* The wire is closed. */
static void disconnected(struct wr_redis *r)
{
    wr_timer_stop(r->watchdog);
    r->reconnect_wanted = false;
    set_state(r, DOWN);
    struct queue lost;
    queue_move(&r->in_flight, &lost);
    for (struct op *op; (op = queue_take(&lost));)
        finish(r, op, WR_ERR_NO_ANSWER, NULL);
}

static void on_lost(void *ctx, const char *why)
{
    struct wr_redis *r = ctx;
    if (r->state == UP)
        wr_warn("redis connection lost", "address=%s why=\"%s\" in_flight=%zu", r->link.address, why,
                r->in_flight.count);
    else
        wr_warn("redis not reached", "address=%s why=\"%s\"", r->link.address, why);
    disconnected(r);
}

static void on_watchdog(void *ctx)
{
    struct wr_redis *r = ctx;
    if (r->state != UP) {
        wr_link_lose(&r->link, "no greeting in time");
        return;
    }
    if (!r->in_flight.first)
        return;
    uint64_t age = wr_mono_ms() - r->in_flight.first->sent_ms;
    if (age <= deadline_ms(r)) {
        wr_timer_start(r->watchdog, deadline_ms(r) - age + 1, 0);
    } else if (age > deadline_ms(r) + LATE_MS && !r->looked_again) {
        /* It is this process that was late, and timers come before what there is to read: the answer may lie there. */
        r->looked_again = true;
        wr_timer_start(r->watchdog, LATE_MS, 0);
    } else {
        wr_link_lose(&r->link, "no answer in time");
    }
}

static void greet(struct wr_redis *r, const struct wr_reply *reply)
{
    if (wr_reply_type(reply) == WR_REPLY_ERROR) {
        wr_warn("redis refused the greeting", "address=%s answer=\"%s\"", r->link.address,
                wr_reply_text(reply, NULL));
        wr_link_lose(&r->link, "greeting refused");
        return;
    }
    if (--r->greetings > 0)
        return;
    const char *at = strstr(wr_reply_text(reply, NULL), "run_id:");
    size_t len = at ? strspn(at + 7, "0123456789abcdef") : 0;
    if (len != RUN_ID_LEN || wr_mono_ms() - r->greeted_ms > deadline_ms(r)) {
        wr_link_lose(&r->link, "no run id");
        return;
    }
    memcpy(r->run_id, at + 7, RUN_ID_LEN);
    r->run_id[RUN_ID_LEN] = '\0';
    wr_timer_stop(r->watchdog);
    wr_link_stands(&r->link);
    wr_debug("redis connected", "address=%s run_id=%s", r->link.address, r->run_id);
    set_state(r, UP);
}

/* An error answer. */
static void fail(struct wr_redis *r, struct op *op, const struct wr_reply *reply)
{
    const char *text = wr_reply_text(reply, NULL);
    if (op->script && wr_refusal_unknown_script(text) && r->state == UP) {
        send_script(r, op, true);
        return;
    }
    r->reconnect_wanted |= wr_refusal_replica(text);
    enum wr_err err = wr_refusal_err(text, op->script);
    if (err == WR_ERR_NO_ANSWER)
        wr_error("script failed", "script=%s answer=\"%s\"", op->script->name, text);
    finish(r, op, err, reply);
}

static void on_reply(void *ctx, const struct wr_reply *reply)
{
    struct wr_redis *r = ctx;
    if (r->state != UP) {
        greet(r, reply);
        return;
    }
    struct op *op = queue_take(&r->in_flight);
    r->looked_again = false;
    if (!op) {
        wr_link_lose(&r->link, "an answer nobody asked for");
        return;
    }
    if (wr_mono_ms() - op->sent_ms > deadline_ms(r))
        finish(r, op, WR_ERR_NO_ANSWER, NULL); /* it came, but too late to be believed */
    else if (wr_reply_type(reply) == WR_REPLY_ERROR)
        fail(r, op, reply);
    else
        finish(r, op, WR_OK, reply);
    if (r->reconnect_wanted)
        wr_link_lose(&r->link, "it became a replica");
}

static void on_dialled(void *ctx, size_t greetings)
{
    struct wr_redis *r = ctx;
    r->scripts.count = 0;
    r->greetings = greetings + 1;
    r->greeted_ms = wr_mono_ms();
    r->looked_again = false;
    set_state(r, GREETING);
    wr_link_send(&r->link, 2, (const char *[]){"INFO", "server"});
    wr_timer_start(r->watchdog, deadline_ms(r), 0);
}

enum wr_err wr_redis_open(struct wr_redis **out, struct wr_loop *loop, const struct wr_redis_config *config)
{
    *out = NULL;
    struct wr_redis *r = wr_alloc(sizeof *r);
    struct wr_link_config link = {
        config->address, config->username, config->password, on_dialled, on_reply, on_lost, r};
    enum wr_err err = wr_link_open(&r->link, loop, &link);
    if (err) {
        free(r);
        return err;
    }
    r->config = *config;
    if (!r->config.deadline_ms)
        r->config.deadline_ms = 800;
    if (!r->config.in_flight_max)
        r->config.in_flight_max = 10000;
    queue_init(&r->in_flight);
    queue_init(&r->refused);
    r->watchdog = wr_timer_new(loop, on_watchdog, r);
    r->refusals = wr_timer_new(loop, on_refusals, r);
    *out = r;
    return WR_OK;
}

void wr_redis_close(struct wr_redis *r)
{
    if (!r)
        return;
    if (r->delivering)
        abort(); /* from inside its own callback: the contract forbids it */
    r->config.on_state = NULL;
    wr_wire_close(&r->link.wire);
    disconnected(r);
    while (r->refused.first) /* a callback may ask once more */
        on_refusals(r);
    wr_timer_free(r->watchdog);
    wr_timer_free(r->refusals);
    wr_link_close(&r->link);
    wr_argv_free(&r->argv);
    free(r);
}

bool wr_redis_connected(const struct wr_redis *r)
{
    return r->state == UP;
}

const char *wr_redis_run_id(const struct wr_redis *r)
{
    return r->run_id;
}
