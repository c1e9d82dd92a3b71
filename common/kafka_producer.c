#include "clock.h"
#include "kafka_private.h"
#include "kafka_stats.h"
#include "log.h"
#include "mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLOSE_MS = 2000,
    FLUSH_MS = 1500,         /* of it, for what is under way; the rest is for the end */
    RENEWAL_PAUSE_MS = 1000, /* between two instances, when fatal errors follow each other */
};

static const struct wr_kafka_setting producer_settings[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"linger.ms", "2"},
    {"message.timeout.ms", "30000"},
    {"compression.type",
     "none"}, /* events are small, and not every broker understands this library's compression */
    {NULL, NULL},
};

struct pending { /* a message under way */
    struct pending *next, *prev;
    wr_delivered_cb *cb;
    void *ctx;
    enum wr_err err;
};

struct wr_producer {
    struct wr_kafka_source source; /* first */
    struct wr_loop *loop;
    struct wr_timer *renewal;
    char *bootstrap, *client_id;
    int in_flight, in_flight_max;
    struct pending under_way, finished; /* rings */
    struct wr_kafka_ending *ending;
    uint64_t made_at;
    int64_t recreated;
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
    char number[16];
    snprintf(number, sizeof number, "%d", p->in_flight_max);
    const struct wr_kafka_setting own[] = {{"bootstrap.servers", p->bootstrap},
                                           {"client.id", p->client_id},
                                           {"queue.buffering.max.messages", number},
                                           {NULL, NULL}};
    rd_kafka_conf_t *conf = wr_kafka_configure(p, own, producer_settings);
    if (conf) {
        rd_kafka_conf_set_dr_msg_cb(conf, on_report);
        rd_kafka_conf_set_stats_cb(conf, on_producer_stats);
    }
    rd_kafka_t *rk = wr_kafka_make(RD_KAFKA_PRODUCER, conf);
    p->made_at = wr_mono_ms();
    if (rk)
        wr_kafka_attach(&p->source, rk, rd_kafka_queue_get_main(rk));
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
    wr_kafka_await_end(p->ending, 0); /* the one before it, if there was */
    p->ending = wr_kafka_end(wr_kafka_detach(&p->source), false, NULL);
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
    wr_kafka_clear_event(&p->source);
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
    wr_kafka_source_open(&p->source, loop, on_producer_event, p);
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
    uint64_t until = wr_mono_ms() + CLOSE_MS;
    wr_timer_free(p->renewal);
    if (p->source.rk) {
        rd_kafka_flush(p->source.rk, FLUSH_MS);
        wr_kafka_await_end(wr_kafka_end(wr_kafka_detach(&p->source), false, NULL), until);
    }
    wr_kafka_await_end(p->ending, until);
    forget_under_way(p);
    run_callbacks(p);
    wr_kafka_source_close(&p->source);
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
