/* kafka.c - the only file that knows librdkafka.
 *
 * librdkafka works on threads of its own and leaves what happened in a queue; an eventfd tells the loop when
 * that queue stops being empty, so whoever is told drains it. Its callbacks run inside that draining: they
 * only note what happened, and ours run after it, when nothing of the library is on the stack.
 *
 * Destroying an instance may block for long (and in this version for ever), so it is done on a thread that is
 * given a limited time and then left alone. */
#include "kafka.h"
#include "clock.h"
#include "kafka_stats.h"
#include "log.h"
#include "mem.h"
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    PRODUCER_CLOSE_MS = 2000,
    CONSUMER_CLOSE_MS = 5000,
    RENEWAL_PAUSE_MS = 1000, /* between two instances, when fatal errors follow each other */
    TICK_MS = 1000,          /* an idle consumer must ask too, or its group takes it for dead */
    SEEK_MS =
        100, /* a seek is waited for, and mostly takes none of it; what takes longer is asked for again */
};

struct setting {
    const char *name, *value;
};
static const struct setting common_settings[] = {
    {"socket.keepalive.enable", "true"},
    {"socket.timeout.ms", "10000"},
    {"socket.connection.setup.timeout.ms", "5000"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "200"},
    {"statistics.interval.ms", "1000"}, /* says which brokers are up, and how far behind we are */
    {"log.connection.close", "false"},
    {NULL, NULL},
};
static const struct setting producer_settings[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"linger.ms", "2"},
    {"message.timeout.ms", "30000"},
    {"compression.type",
     "none"}, /* events are small, and not every broker understands this library's compression */
    {NULL, NULL},
};
static const struct setting consumer_settings[] = {
    {"auto.offset.reset", "earliest"},
    {"enable.auto.offset.store", "false"}, /* wr_consumer_done() stores, after the work */
    {"enable.auto.commit", "true"},
    {"auto.commit.interval.ms", "1000"},
    {"max.poll.interval.ms", "120000"},
    {"session.timeout.ms", "6000"}, /* so long after a kill -9 the group waits for the dead */
    {"heartbeat.interval.ms", "1500"},
    {"partition.assignment.strategy", "range,roundrobin"}, /* cooperative hangs and crashes in 2.0.2 */
    {"topic.metadata.refresh.interval.ms", "10000"},       /* a topic made later is noticed */
    {"queued.max.messages.kbytes", "16384"},
    {NULL, NULL},
};

struct source {     /* what producer and consumer share: an instance and its queue's way into the loop */
    rd_kafka_t *rk; /* NULL: none at the moment */
    rd_kafka_queue_t *queue;
    int fd;
    struct wr_watch *watch;
    bool connected, fatal;
};

struct pending { /* a message under way */
    struct pending *next, *prev;
    wr_delivered_cb *cb;
    void *ctx;
    enum wr_err err;
};

struct ending { /* an instance that is being destroyed */
    rd_kafka_t *rk;
    pthread_t thread;
    bool consumer;
    struct ending *next;
    void *owner; /* what its callbacks may still write to */
};
static struct ending
    *left_behind; /* those that did not end in time: theirs is what they use, until the process ends */

struct wr_producer {
    struct source source; /* first: librdkafka's opaque is both */
    struct wr_loop *loop;
    struct wr_timer *renewal;
    char *bootstrap, *client_id;
    int in_flight, in_flight_max;
    struct pending under_way, finished; /* rings */
    struct ending *ending;
    uint64_t made_at;
    int64_t recreated;
};

struct wr_consumer {
    struct source source; /* first */
    struct wr_timer *tick;
    char *topic;
    void (*on_readable)(void *ctx);
    void *ctx;
    rd_kafka_message_t **taken; /* given out, not done */
    size_t taken_count;
    bool more;                               /* something came while messages were out */
    rd_kafka_topic_partition_list_t *rewind; /* where to go back to before anything is taken; NULL: nowhere */
    int64_t lag;
};

/* ---- rings ---- */

static void ring_init(struct pending *ring)
{
    ring->next = ring->prev = ring;
}

static void ring_push(struct pending *ring, struct pending *m)
{
    m->prev = ring->prev;
    m->next = ring;
    m->prev->next = ring->prev = m;
}

static void ring_remove(struct pending *m)
{
    m->prev->next = m->next;
    m->next->prev = m->prev;
}

/* ---- instances ---- */

static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    wr_log(level <= 4 ? WR_LOG_WARN : WR_LOG_DEBUG, "kafka", "facility=%s text=\"%s\"", facility, text);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct source *s = opaque;
    (void)rk;
    if (err == RD_KAFKA_RESP_ERR__FATAL)
        s->fatal = true;
    else if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        s->connected = false;
    else
        wr_debug("kafka error", "err=%s why=\"%s\"", rd_kafka_err2name(err), reason);
}

static rd_kafka_conf_t *configure(void *opaque, const char *bootstrap, const char *client_id,
                                  const struct setting *settings)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const struct setting own[] = {{"bootstrap.servers", bootstrap}, {"client.id", client_id}, {NULL, NULL}};
    const struct setting *const lists[] = {own, common_settings, settings};
    char why[256];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct setting *s = lists[i]; s->name; s++)
            if (rd_kafka_conf_set(conf, s->name, s->value, why, sizeof why) != RD_KAFKA_CONF_OK) {
                wr_error("kafka refuses a setting", "why=\"%s\"", why);
                rd_kafka_conf_destroy(conf);
                return NULL;
            }
    rd_kafka_conf_set_opaque(conf, opaque);
    rd_kafka_conf_set_log_cb(conf, log_line);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return conf;
}

/* Takes `conf`. Signals are the loop's, so the library's threads get none. */
static rd_kafka_t *make_instance(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char why[256];
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rd_kafka_t *rk = conf ? rd_kafka_new(type, conf, why, sizeof why) : NULL;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (conf && !rk) {
        wr_error("cannot make a kafka client", "why=\"%s\"", why);
        rd_kafka_conf_destroy(conf);
    }
    return rk;
}

static void attach(struct source *s, rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
    const uint64_t one = 1;
    s->rk = rk;
    s->queue = queue;
    s->connected = s->fatal = false;
    rd_kafka_queue_io_event_enable(queue, s->fd, &one, sizeof one);
    (void)!write(s->fd, &one, sizeof one); /* what was queued before that tells nobody */
}

/* The instance, without any way into the loop. */
static rd_kafka_t *detach(struct source *s)
{
    rd_kafka_t *rk = s->rk;
    rd_kafka_queue_io_event_enable(s->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(s->queue);
    s->rk = NULL;
    s->queue = NULL;
    s->connected = false;
    return rk;
}

static void open_source(struct source *s, struct wr_loop *loop, wr_watch_cb *on_event, void *ctx)
{
    s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->fd < 0)
        abort(); /* at start-up only */
    s->watch = wr_watch_new(loop, s->fd, on_event, ctx);
    wr_watch_set(s->watch, WR_READABLE);
}

static void close_source(struct source *s)
{
    wr_watch_free(s->watch);
    close(s->fd);
}

static void clear_event(struct source *s)
{
    uint64_t count;
    (void)!read(s->fd, &count, sizeof count);
}

static void *run_ending(void *arg)
{
    struct ending *e = arg;
    if (e->consumer)
        rd_kafka_consumer_close(e->rk);
    else
        rd_kafka_purge(e->rk,
                       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy(e->rk);
    return NULL;
}

static struct ending *start_ending(rd_kafka_t *rk, bool consumer, void *owner)
{
    struct ending *e = wr_alloc(sizeof *e);
    sigset_t all, before;
    *e = (struct ending){.rk = rk, .consumer = consumer, .owner = owner};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&e->thread, NULL, run_ending, e))
        abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

/* False: it did not end in time and keeps what it uses. Takes NULL. */
static bool await_ending(struct ending *e, int limit_ms)
{
    if (!e)
        return true;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += limit_ms / 1000;
    until.tv_nsec += (long)(limit_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (pthread_clockjoin_np(e->thread, NULL, CLOCK_MONOTONIC, &until)) {
        wr_warn("a kafka client does not end; left behind", "limit_ms=%d", limit_ms);
        pthread_detach(e->thread);
        e->next = left_behind;
        left_behind = e;
        return false;
    }
    free(e);
    return true;
}

/* ---- producer ---- */

static void note_outcome(struct wr_producer *p, struct pending *m, enum wr_err err)
{
    m->err = err;
    ring_remove(m);
    ring_push(&p->finished, m);
    p->in_flight--;
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct wr_producer *p = opaque;
    (void)rk;
    switch (rd_kafka_message_status(message)) {
    case RD_KAFKA_MSG_STATUS_PERSISTED:
        p->source.connected = true;
        note_outcome(p, message->_private, WR_OK);
        break;
    case RD_KAFKA_MSG_STATUS_NOT_PERSISTED:
        note_outcome(p, message->_private, WR_ERR_BACKEND);
        break;
    case RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED:
        note_outcome(p, message->_private, WR_ERR_NO_ANSWER);
        break;
    }
}

static int on_producer_stats(rd_kafka_t *rk, char *text, size_t len, void *opaque)
{
    struct wr_producer *p = opaque;
    (void)rk;
    p->source.connected = wr_kafka_stats(text, len, NULL).connected;
    return 0; /* the library frees the text */
}

static bool make_producer(struct wr_producer *p)
{
    rd_kafka_conf_t *conf = configure(p, p->bootstrap, p->client_id, producer_settings);
    if (conf) {
        char number[16];
        snprintf(number, sizeof number, "%d", p->in_flight_max);
        rd_kafka_conf_set(conf, "queue.buffering.max.messages", number, NULL, 0);
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
        rd_kafka_conf_set_stats_cb(conf, on_producer_stats);
    }
    rd_kafka_t *rk = make_instance(RD_KAFKA_PRODUCER, conf);
    p->made_at = wr_mono_ms();
    if (rk)
        attach(&p->source, rk, rd_kafka_queue_get_main(rk));
    return rk;
}

static void run_callbacks(struct wr_producer *p)
{
    while (p->finished.next != &p->finished) {
        struct pending *m = p->finished.next;
        ring_remove(m);
        m->cb(m->ctx, m->err);
        free(m);
    }
}

static void forget_under_way(struct wr_producer *p)
{
    while (p->under_way.next != &p->under_way)
        note_outcome(p, p->under_way.next, WR_ERR_NO_ANSWER);
}

/* After a fatal error the instance takes nothing more and what it holds has no answer. */
static void retire(struct wr_producer *p)
{
    uint64_t age = wr_mono_ms() - p->made_at;
    wr_warn("kafka producer broke; making it anew", "in_flight=%d", p->in_flight);
    await_ending(p->ending, 0);
    p->ending = start_ending(detach(&p->source), false, NULL);
    p->source.fatal = false;
    p->recreated++;
    forget_under_way(p);
    wr_timer_start(p->renewal, age < RENEWAL_PAUSE_MS ? RENEWAL_PAUSE_MS : 0, 0);
}

static void on_renewal(void *ctx)
{
    struct wr_producer *p = ctx;
    if (!make_producer(p))
        wr_timer_start(p->renewal, RENEWAL_PAUSE_MS, 0);
}

static void on_producer_event(void *ctx, int events)
{
    struct wr_producer *p = ctx;
    (void)events;
    clear_event(&p->source);
    while (p->source.rk && rd_kafka_poll(p->source.rk, 0) > 0)
        ;
    if (p->source.rk && p->source.fatal)
        retire(p);
    run_callbacks(p);
}

enum wr_err wr_producer_open(struct wr_producer **out, struct wr_loop *loop,
                             const struct wr_producer_config *config)
{
    struct wr_producer *p = wr_alloc(sizeof *p);
    *out = NULL;
    p->loop = loop;
    p->bootstrap = wr_strdup(config->bootstrap);
    p->client_id = wr_strdup(config->client_id);
    p->in_flight_max = config->in_flight_max ? config->in_flight_max : 100000;
    ring_init(&p->under_way);
    ring_init(&p->finished);
    open_source(&p->source, loop, on_producer_event, p);
    p->renewal = wr_timer_new(loop, on_renewal, p);
    if (!make_producer(p)) {
        wr_producer_close(p);
        return WR_ERR_INVALID;
    }
    *out = p;
    return WR_OK;
}

void wr_producer_close(struct wr_producer *p)
{
    if (!p)
        return;
    wr_timer_free(p->renewal);
    if (p->source.rk) {
        rd_kafka_flush(p->source.rk, PRODUCER_CLOSE_MS);
        struct ending *last = start_ending(detach(&p->source), false, NULL);
        await_ending(last, PRODUCER_CLOSE_MS);
    }
    await_ending(p->ending, PRODUCER_CLOSE_MS);
    forget_under_way(p);
    run_callbacks(p);
    close_source(&p->source);
    free(p->bootstrap);
    free(p->client_id);
    free(p);
}

enum wr_err wr_producer_send(struct wr_producer *p, const char *topic, const char *key, const void *value,
                             size_t len, wr_delivered_cb *cb, void *ctx)
{
    if (!p->source.rk)
        return WR_ERR_BACKEND;
    if (p->in_flight >= p->in_flight_max)
        return WR_ERR_BUSY;
    struct pending *m = wr_alloc(sizeof *m);
    m->cb = cb;
    m->ctx = ctx;
    union {
        const void *from;
        void *to;
    } bytes = {value}, name = {key}; /* copied by librdkafka, which has no const for them */
    rd_kafka_resp_err_t err =
        rd_kafka_producev(p->source.rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(name.to, strlen(key)),
                          RD_KAFKA_V_VALUE(bytes.to, len), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_OPAQUE(m), RD_KAFKA_V_END);
    if (err) {
        free(m);
        if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return WR_ERR_BUSY;
        wr_warn("kafka takes no message", "err=%s", rd_kafka_err2name(err));
        return WR_ERR_BACKEND;
    }
    ring_push(&p->under_way, m);
    p->in_flight++;
    return WR_OK;
}

bool wr_producer_connected(const struct wr_producer *p)
{
    return p->source.connected;
}

int64_t wr_producer_recreated(const struct wr_producer *p)
{
    return p->recreated;
}

void wr_producer_break(struct wr_producer *p)
{
    if (p->source.rk)
        rd_kafka_test_fatal_error(p->source.rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                                  "asked to break");
}

/* ---- consumer ---- */

static int on_consumer_stats(rd_kafka_t *rk, char *text, size_t len, void *opaque)
{
    struct wr_consumer *c = opaque;
    struct wr_kafka_stats stats = wr_kafka_stats(text, len, c->topic);
    (void)rk;
    c->source.connected = stats.connected;
    c->lag = stats.lag;
    return 0;
}

static void on_consumer_event(void *ctx, int events)
{
    struct wr_consumer *c = ctx;
    (void)events;
    clear_event(&c->source);
    if (c->taken_count)
        c->more = true;
    else
        c->on_readable(c->ctx);
}

static void on_tick(void *ctx)
{
    struct wr_consumer *c = ctx;
    if (!c->taken_count)
        c->on_readable(c->ctx);
}

static bool subscribe(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (err)
        wr_error("cannot subscribe", "topic=%s err=%s", topic, rd_kafka_err2name(err));
    return !err;
}

enum wr_err wr_consumer_open(struct wr_consumer **out, struct wr_loop *loop,
                             const struct wr_consumer_config *config)
{
    *out = NULL;
    struct wr_consumer *c = wr_alloc(sizeof *c);
    c->on_readable = config->on_readable;
    c->ctx = config->ctx;
    c->topic = wr_strdup(config->topic);
    c->lag = -1;
    open_source(&c->source, loop, on_consumer_event, c);
    c->tick = wr_timer_new(loop, on_tick, c);
    rd_kafka_conf_t *conf = configure(c, config->bootstrap, config->client_id, consumer_settings);
    if (conf) {
        rd_kafka_conf_set(conf, "group.id", config->group, NULL, 0);
        rd_kafka_conf_set_stats_cb(conf, on_consumer_stats);
    }
    rd_kafka_t *rk = make_instance(RD_KAFKA_CONSUMER, conf);
    if (rk) {
        rd_kafka_poll_set_consumer(rk);
        attach(&c->source, rk, rd_kafka_queue_get_consumer(rk));
        wr_timer_start(c->tick, TICK_MS, TICK_MS);
    }
    if (!rk || !subscribe(rk, config->topic)) {
        wr_consumer_close(c);
        return WR_ERR_INVALID;
    }
    *out = c;
    return WR_OK;
}

static void give_back(struct wr_consumer *c)
{
    for (size_t i = 0; i < c->taken_count; i++)
        rd_kafka_message_destroy(c->taken[i]);
    c->taken_count = 0;
}

void wr_consumer_close(struct wr_consumer *c)
{
    if (!c)
        return;
    give_back(c); /* an instance with messages out never ends */
    wr_timer_free(c->tick);
    bool ended = !c->source.rk || await_ending(start_ending(detach(&c->source), true, c), CONSUMER_CLOSE_MS);
    close_source(&c->source);
    if (!ended) /* its callbacks may still write into *c */
        return;
    if (c->rewind)
        rd_kafka_topic_partition_list_destroy(c->rewind);
    free(c->taken);
    free(c->topic);
    free(c);
}

/* Goes back to where the failed work began. False: not yet, so nothing may be taken: what lies behind would
 * be stored over it. */
static bool rewound(struct wr_consumer *c)
{
    if (!c->rewind)
        return true;
    bool all = true;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(c->source.rk, c->rewind, SEEK_MS);
    if (error) {
        wr_info("seek not done yet", "err=%s", rd_kafka_error_name(error));
        rd_kafka_error_destroy(error);
        return false;
    }
    for (int i = c->rewind->cnt - 1; i >= 0; i--) {
        rd_kafka_topic_partition_t *part = &c->rewind->elems[i];
        if (part->err == RD_KAFKA_RESP_ERR__TIMED_OUT || part->err == RD_KAFKA_RESP_ERR__IN_PROGRESS ||
            part->err == RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS)
            all = false;
        else /* done, or no longer ours: whoever has it starts at what is committed */
            rd_kafka_topic_partition_list_del_by_idx(c->rewind, i);
    }
    if (all) {
        rd_kafka_topic_partition_list_destroy(c->rewind);
        c->rewind = NULL;
    }
    return all;
}

size_t wr_consumer_take(struct wr_consumer *c, struct wr_message *out, size_t max)
{
    rd_kafka_message_t *m;
    if (c->taken_count)
        return 0;
    if (!rewound(c)) {
        wr_timer_start(c->tick, SEEK_MS, TICK_MS);
        return 0;
    }
    c->taken = wr_realloc(c->taken, max * sizeof *c->taken);
    c->more = false;
    while (c->taken_count < max && (m = rd_kafka_consumer_poll(c->source.rk, 0))) {
        if (m->err) {
            wr_warn("kafka gives no message", "err=%s why=\"%s\"", rd_kafka_err2name(m->err),
                    rd_kafka_message_errstr(m));
            rd_kafka_message_destroy(m);
            continue;
        }
        out[c->taken_count] = (struct wr_message){
            .value = m->payload ? m->payload : "",
            .len = m->len,
            .key = m->key ? m->key : "",
            .key_len = m->key_len,
            .partition = m->partition,
            .offset = m->offset,
            .timestamp_ms = rd_kafka_message_timestamp(m, NULL),
            .native = m,
        };
        c->taken[c->taken_count++] = m;
    }
    c->more = c->taken_count == max;
    return c->taken_count;
}

/* Per partition: where to go on after the work, or where it began. */
static rd_kafka_topic_partition_list_t *positions(const struct wr_consumer *c, bool worked)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (size_t i = 0; i < c->taken_count; i++) {
        const rd_kafka_message_t *m = c->taken[i];
        rd_kafka_topic_partition_t *part = rd_kafka_topic_partition_list_find(list, c->topic, m->partition);
        bool is_new = !part;
        if (is_new)
            part = rd_kafka_topic_partition_list_add(list, c->topic, m->partition);
        if (worked && (is_new || m->offset + 1 > part->offset))
            part->offset = m->offset + 1;
        if (!worked && (is_new || m->offset < part->offset))
            part->offset = m->offset;
    }
    return list;
}

void wr_consumer_done(struct wr_consumer *c, struct wr_message *messages, size_t count, bool worked)
{
    (void)messages;
    if (count != c->taken_count)
        abort(); /* all of it, or the offsets would lie */
    rd_kafka_topic_partition_list_t *list = positions(c, worked);
    give_back(c);
    if (!worked) {
        c->rewind = list;
        return;
    }
    rd_kafka_resp_err_t err = rd_kafka_offsets_store(c->source.rk, list);
    if (err) /* a partition was taken from us meanwhile: its messages come again, to us or another */
        wr_info("offsets not stored", "err=%s", rd_kafka_err2name(err));
    rd_kafka_topic_partition_list_destroy(list);
    if (c->more)
        wr_timer_start(c->tick, 0, TICK_MS);
}

int64_t wr_consumer_lag(const struct wr_consumer *c)
{
    return c->lag;
}

bool wr_consumer_connected(const struct wr_consumer *c)
{
    return c->source.connected;
}

const char *wr_kafka_version(void)
{
    static char text[32];
    snprintf(text, sizeof text, "librdkafka %s", rd_kafka_version_str());
    return text;
}
