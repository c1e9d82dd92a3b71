/* redis.c
 *
 *           dial                 run id read
 *   DOWN ----------> GREETING ----------------> UP
 *     ^                 |                        |
 *     +---- lose() -----+------------------------+     50 ms, doubling to 1 s, then dial again
 *
 * Redis answers in order, so what is in flight is one queue, and one watchdog on its oldest member is every
 * request's deadline: when that one is overdue, everything behind it waits for the same silent process, and
 * the connection goes. Requests that cannot be sent wait for the next turn in a second queue, `refused`. */
#include "redis.h"
#include "clock.h"
#include "log.h"
#include "redis_wire.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_ID_LEN 40
#define SCRIPTS_MAX 64
#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 1000

enum state { DOWN, GREETING, UP };

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
    char *address, *username, *password;
    struct wr_wire_address where;
    struct wr_wire wire;
    enum state state;
    bool delivering;       /* inside a caller's callback */
    bool reconnect_wanted; /* decided inside a reply; done after it */
    int greetings;         /* answers still to come before UP: AUTH, INFO */
    uint64_t greeted_ms;
    char run_id[RUN_ID_LEN + 1];
    struct queue in_flight, refused;
    struct wr_timer *watchdog, *redial, *refusals;
    uint64_t backoff_ms;
    /* Scripts this connection has sent whole. The first use is an EVAL, so that a command pipelined behind it
     * (WAIT) is never overtaken by the second sending that NOSCRIPT would need. */
    const struct wr_script *known[SCRIPTS_MAX];
    size_t known_count;
    const char **argv;
    size_t *lens, argv_cap;
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
static void room(struct wr_redis *r, size_t count)
{
    if (count <= r->argv_cap)
        return;
    r->argv_cap = count * 2;
    r->argv = wr_realloc(r->argv, r->argv_cap * sizeof *r->argv);
    r->lens = wr_realloc(r->lens, r->argv_cap * sizeof *r->lens);
}

static void put(struct wr_redis *r, size_t i, const char *text, size_t len)
{
    r->argv[i] = text;
    r->lens[i] = len;
}

static size_t put_args(struct wr_redis *r, size_t at, const struct wr_args *args)
{
    for (size_t i = 0, from = 0; i < args->count; from = args->ends[i++])
        put(r, at + i, args->bytes.at + from, args->ends[i] - from);
    return at + args->count;
}

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

static bool known(struct wr_redis *r, const struct wr_script *script)
{
    for (size_t i = 0; i < r->known_count; i++)
        if (r->known[i] == script)
            return true;
    if (r->known_count < SCRIPTS_MAX)
        r->known[r->known_count++] = script;
    return false;
}

static void send_script(struct wr_redis *r, struct op *op, bool whole)
{
    char keys[16];
    int keys_len = snprintf(keys, sizeof keys, "%d", op->script->keys);
    room(r, op->args.count + 3);
    put(r, 0, whole ? "EVAL" : "EVALSHA", whole ? 4 : 7);
    put(r, 1, whole ? op->script->text : op->script->sha1,
        whole ? op->script->len : sizeof op->script->sha1 - 1);
    put(r, 2, keys, (size_t)keys_len);
    wr_wire_send(&r->wire, put_args(r, 3, &op->args), r->argv, r->lens);
    in_flight(r, op);
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
    room(r, args->count);
    wr_wire_send(&r->wire, put_args(r, 0, args), r->argv, r->lens);
    in_flight(r, op);
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

static void check_arity(const struct wr_script *script, const struct wr_args *args)
{
    size_t least = (size_t)script->keys + (size_t)script->args;
    if (args->count == least || (script->more_args && args->count > least))
        return;
    wr_error("script called against its contract", "script=%s wants=%zu given=%zu", script->name, least,
             args->count);
    abort();
}

void wr_redis_eval(struct wr_redis *r, const struct wr_script *script, const struct wr_args *args,
                   wr_redis_cb *cb, void *ctx)
{
    check_arity(script, args);
    struct op *op = op_new(cb, ctx);
    op->script = script;
    if (refused(r, op))
        return;
    wr_buf_add(&op->args.bytes, args->bytes.at, args->bytes.len);
    op->args.ends = wr_dup(args->ends, args->count * sizeof *args->ends);
    op->args.count = op->args.cap = args->count;
    send_script(r, op, !known(r, script));
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

static void disconnect(struct wr_redis *r)
{
    wr_wire_close(&r->wire);
    wr_timer_stop(r->watchdog);
    r->reconnect_wanted = false;
    set_state(r, DOWN);
    struct queue lost;
    queue_move(&r->in_flight, &lost);
    for (struct op *op; (op = queue_take(&lost));)
        finish(r, op, WR_ERR_NO_ANSWER, NULL);
}

static void lose(struct wr_redis *r, const char *why)
{
    if (r->state == UP)
        wr_warn("redis connection lost", "address=%s why=\"%s\" in_flight=%zu", r->address, why,
                r->in_flight.count);
    else
        wr_warn("redis not reached", "address=%s why=\"%s\"", r->address, why);
    wr_timer_start(r->redial, r->backoff_ms, 0);
    r->backoff_ms = r->backoff_ms * 2 < BACKOFF_MAX_MS ? r->backoff_ms * 2 : BACKOFF_MAX_MS;
    disconnect(r);
}

static void on_lost(void *ctx, const char *why)
{
    lose(ctx, why);
}

static void on_watchdog(void *ctx)
{
    struct wr_redis *r = ctx;
    if (r->state != UP) {
        lose(r, "no greeting in time");
        return;
    }
    if (!r->in_flight.first)
        return;
    uint64_t age = wr_mono_ms() - r->in_flight.first->sent_ms;
    if (age > deadline_ms(r))
        lose(r, "no answer in time");
    else
        wr_timer_start(r->watchdog, deadline_ms(r) - age + 1, 0);
}

static void greet(struct wr_redis *r, const struct wr_reply *reply)
{
    if (wr_reply_type(reply) == WR_REPLY_ERROR) {
        wr_warn("redis refused the greeting", "address=%s answer=\"%s\"", r->address,
                wr_reply_text(reply, NULL));
        lose(r, "greeting refused");
        return;
    }
    if (--r->greetings > 0)
        return;
    const char *at = strstr(wr_reply_text(reply, NULL), "run_id:");
    size_t len = at ? strspn(at + 7, "0123456789abcdef") : 0;
    if (len != RUN_ID_LEN || wr_mono_ms() - r->greeted_ms > deadline_ms(r)) {
        lose(r, "no run id");
        return;
    }
    memcpy(r->run_id, at + 7, RUN_ID_LEN);
    r->run_id[RUN_ID_LEN] = '\0';
    wr_timer_stop(r->watchdog);
    r->backoff_ms = BACKOFF_MIN_MS;
    wr_debug("redis connected", "address=%s run_id=%s", r->address, r->run_id);
    set_state(r, UP);
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* An error answer. Refused by name (LOADING, BUSY, OOM, ...): nothing has happened. A script that failed on
 * its way (ERR, WRONGTYPE) may have written before. */
static void fail(struct wr_redis *r, struct op *op, const struct wr_reply *reply)
{
    const char *text = wr_reply_text(reply, NULL);
    if (op->script && starts(text, "NOSCRIPT") && r->state == UP) {
        send_script(r, op, true);
        return;
    }
    if (starts(text, "READONLY"))
        r->reconnect_wanted = true; /* a replica now: the address may lead to another process */
    enum wr_err err = WR_ERR_BACKEND;
    if (op->script && (starts(text, "ERR") || starts(text, "WRONGTYPE"))) {
        wr_error("script failed", "script=%s answer=\"%s\"", op->script->name, text);
        err = WR_ERR_NO_ANSWER;
    }
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
    if (!op) {
        lose(r, "an answer nobody asked for");
        return;
    }
    if (wr_mono_ms() - op->sent_ms > deadline_ms(r))
        finish(r, op, WR_ERR_NO_ANSWER, NULL); /* it came, but too late to be believed */
    else if (wr_reply_type(reply) == WR_REPLY_ERROR)
        fail(r, op, reply);
    else
        finish(r, op, WR_OK, reply);
    if (r->reconnect_wanted)
        lose(r, "it became a replica");
}

static void greet_with(struct wr_redis *r, size_t count, const char *const *texts)
{
    size_t lens[3];
    for (size_t i = 0; i < count; i++)
        lens[i] = strlen(texts[i]);
    wr_wire_send(&r->wire, count, texts, lens);
    r->greetings++;
}

static void dial(void *ctx)
{
    struct wr_redis *r = ctx;
    if (!wr_wire_open(&r->wire, &r->where)) {
        lose(r, "cannot connect");
        return;
    }
    r->known_count = 0;
    r->greetings = 0;
    r->greeted_ms = wr_mono_ms();
    set_state(r, GREETING);
    if (r->username)
        greet_with(r, 3, (const char *[]){"AUTH", r->username, r->password ? r->password : ""});
    else if (r->password)
        greet_with(r, 2, (const char *[]){"AUTH", r->password});
    greet_with(r, 2, (const char *[]){"INFO", "server"});
    wr_timer_start(r->watchdog, deadline_ms(r), 0);
}

enum wr_err wr_redis_open(struct wr_redis **out, struct wr_loop *loop, const struct wr_redis_config *config)
{
    *out = NULL;
    struct wr_wire_address where;
    enum wr_err err = wr_wire_address_parse(&where, config->address);
    if (err)
        return err;
    struct wr_redis *r = wr_alloc(sizeof *r);
    r->config = *config;
    if (!r->config.deadline_ms)
        r->config.deadline_ms = 800;
    if (!r->config.in_flight_max)
        r->config.in_flight_max = 10000;
    r->address = wr_strdup(config->address);
    r->username = config->username ? wr_strdup(config->username) : NULL;
    r->password = config->password ? wr_strdup(config->password) : NULL;
    r->where = where;
    r->wire = (struct wr_wire){.loop = loop, .on_reply = on_reply, .on_lost = on_lost, .ctx = r};
    queue_init(&r->in_flight);
    queue_init(&r->refused);
    r->watchdog = wr_timer_new(loop, on_watchdog, r);
    r->redial = wr_timer_new(loop, dial, r);
    r->refusals = wr_timer_new(loop, on_refusals, r);
    r->backoff_ms = BACKOFF_MIN_MS;
    wr_timer_start(r->redial, 0, 0);
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
    disconnect(r);
    while (r->refused.first) /* a callback may ask once more */
        on_refusals(r);
    wr_timer_free(r->watchdog);
    wr_timer_free(r->redial);
    wr_timer_free(r->refusals);
    free(r->address);
    free(r->username);
    free(r->password);
    free(r->argv);
    free(r->lens);
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

/* ---- arguments ---- */
static void arg_end(struct wr_args *a)
{
    if (a->count == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 16;
        a->ends = wr_realloc(a->ends, a->cap * sizeof *a->ends);
    }
    a->ends[a->count++] = a->bytes.len;
}

void wr_arg(struct wr_args *a, const void *bytes, size_t len)
{
    wr_buf_add(&a->bytes, bytes, len);
    arg_end(a);
}

void wr_arg_text(struct wr_args *a, const char *text)
{
    wr_arg(a, text, strlen(text));
}

void wr_arg_int(struct wr_args *a, int64_t n)
{
    wr_arg_printf(a, "%lld", (long long)n);
}

void wr_arg_printf(struct wr_args *a, const char *fmt, ...)
{
    char text[512];
    va_list list;
    va_start(list, fmt);
    int len = vsnprintf(text, sizeof text, fmt, list);
    va_end(list);
    if (len < 0 || (size_t)len >= sizeof text)
        abort(); /* keys and numbers only: what is longer goes through wr_arg() */
    wr_arg(a, text, (size_t)len);
}

void wr_args_clear(struct wr_args *a)
{
    wr_buf_clear(&a->bytes);
    a->count = 0;
}

void wr_args_free(struct wr_args *a)
{
    wr_buf_free(&a->bytes);
    free(a->ends);
    *a = (struct wr_args){0};
}
