#include "clock.h"
#include "kafka_positions.h"
#include "kafka_private.h"
#include "kafka_stats.h"
#include "log.h"
#include "mem.h"
#include <stdlib.h>

enum {
    CLOSE_MS = 5000,
    TICK_MS = 1000, /* an idle consumer must ask too, or its group takes it for dead */
    SEEK_AGAIN_MS = 100,
};

static const struct wr_kafka_setting consumer_settings[] = {
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

struct wr_consumer {
    struct wr_kafka_source source; /* first */
    struct wr_timer *tick;
    char *topic;
    void (*on_readable)(void *ctx);
    void *ctx;
    rd_kafka_message_t **taken; /* given out, not done */
    size_t taken_count;
    bool more; /* something came while messages were out */
    /* Where partitions must go on that do not stand there by themselves, until the first message from there came: after
     * failed work, and after a hold. */
    rd_kafka_topic_partition_list_t *rewind;
    rd_kafka_topic_partition_list_t *paused; /* since the hold began: those too that were taken from us meanwhile */
    struct wr_kafka_seek *seek;              /* under way */
    bool seek_due, held;
    struct wr_kafka_positions positions;
    int64_t lag, jumps_back;
    uint64_t progress_ms; /* when work was done, or there was none to do */
};

static int on_consumer_stats(rd_kafka_t *rk, char *text, size_t len, void *opaque)
{
    struct wr_consumer *c = opaque;
    struct wr_kafka_stats stats = wr_kafka_stats(text, len, c->topic);
    (void)rk;
    c->source.connected = stats.connected;
    c->lag = c->held ? -1 : stats.lag; /* of what is paused it hears nothing new */
    if (c->lag <= 0)
        c->progress_ms = wr_mono_ms();
    return 0;
}

static void on_consumer_event(void *ctx, int events)
{
    struct wr_consumer *c = ctx;
    (void)events;
    wr_kafka_clear_event(&c->source);
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
    c->progress_ms = wr_mono_ms();
    c->rewind = rd_kafka_topic_partition_list_new(8);
    c->paused = rd_kafka_topic_partition_list_new(8);
    wr_kafka_source_open(&c->source, loop, on_consumer_event, c);
    c->tick = wr_timer_new(loop, on_tick, c);
    const struct wr_kafka_setting own[] = {{"bootstrap.servers", config->bootstrap},
                                           {"client.id", config->client_id},
                                           {"group.id", config->group},
                                           {NULL, NULL}};
    rd_kafka_conf_t *conf = wr_kafka_configure(c, own, consumer_settings);
    if (conf)
        rd_kafka_conf_set_stats_cb(conf, on_consumer_stats);
    rd_kafka_t *rk = wr_kafka_make(RD_KAFKA_CONSUMER, conf);
    if (rk) {
        rd_kafka_poll_set_consumer(rk);
        wr_kafka_attach(&c->source, rk, rd_kafka_queue_get_consumer(rk));
        wr_timer_start(c->tick, TICK_MS, TICK_MS);
    }
    if (!rk || !subscribe(rk, config->topic)) {
        wr_consumer_close(c);
        return WR_ERR_INVALID;
    }
    *out = c;
    return WR_OK;
}

void wr_consumer_close(struct wr_consumer *c)
{
    if (!c)
        return;
    if (c->taken_count)
        abort(); /* somebody may still read them */
    uint64_t until = wr_mono_ms() + CLOSE_MS;
    wr_timer_free(c->tick);
    if (c->seek)
        wr_kafka_seek_end(c->seek, c->rewind);
    bool ended =
        !c->source.rk || wr_kafka_await_end(wr_kafka_end(wr_kafka_detach(&c->source), true, c), until);
    wr_kafka_source_close(&c->source);
    if (!ended) /* its callbacks may still write into *c */
        return;
    rd_kafka_topic_partition_list_destroy(c->rewind);
    rd_kafka_topic_partition_list_destroy(c->paused);
    free(c->taken);
    wr_kafka_positions_free(&c->positions);
    free(c->topic);
    free(c);
}

/* ---- going back ---- */

static void go_back(struct wr_consumer *c, int32_t partition, int64_t offset)
{
    rd_kafka_topic_partition_t *part = rd_kafka_topic_partition_list_find(c->rewind, c->topic, partition);
    bool is_new = !part;
    if (is_new)
        part = rd_kafka_topic_partition_list_add(c->rewind, c->topic, partition);
    if (is_new || offset < part->offset)
        part->offset = offset;
    c->seek_due = true;
}

/* What a seek that has ended could not reach is due again: false. Of what it found taken from us nothing is left to rewind. */
static bool end_seek(struct wr_consumer *c)
{
    bool all = !c->seek || wr_kafka_seek_end(c->seek, c->rewind);
    c->seek = NULL;
    return all;
}

/* Goes back to where the failed work began. False: not yet, so nothing may be taken: what lies behind would
 * be stored over it. */
static bool rewound(struct wr_consumer *c)
{
    if (c->seek) {
        if (!wr_kafka_seek_ended(c->seek))
            return false;
        if (!end_seek(c)) {
            c->seek_due = true;
            wr_timer_start(c->tick, SEEK_AGAIN_MS, TICK_MS);
            return false;
        }
    }
    if (!c->seek_due || !c->rewind->cnt)
        return true;
    c->seek_due = false;
    c->seek = wr_kafka_seek_start(c->source.rk, c->rewind, c->source.fd);
    return false;
}

static void pause_assigned(struct wr_consumer *c)
{
    rd_kafka_topic_partition_list_t *parts;
    if (rd_kafka_assignment(c->source.rk, &parts))
        return;
    rd_kafka_pause_partitions(c->source.rk, parts);
    for (int i = 0; i < parts->cnt; i++)
        if (!rd_kafka_topic_partition_list_find(c->paused, parts->elems[i].topic, parts->elems[i].partition))
            rd_kafka_topic_partition_list_add(c->paused, parts->elems[i].topic, parts->elems[i].partition);
    rd_kafka_topic_partition_list_destroy(parts);
}

/* A pause outlasts the assignment: what is taken from us and comes back is paused still. */
static void resume_paused(struct wr_consumer *c)
{
    rd_kafka_resume_partitions(c->source.rk, c->paused);
    rd_kafka_topic_partition_list_destroy(c->paused);
    c->paused = rd_kafka_topic_partition_list_new(8);
}

/* A partition assigned since the last call is not paused yet and may give something: that comes again. */
void wr_consumer_hold(struct wr_consumer *c)
{
    if (c->taken_count || (c->seek && !wr_kafka_seek_ended(c->seek)))
        return;
    end_seek(c); /* before anything is dropped: it must not delete what is to be gone back to from now on */
    pause_assigned(c);
    c->held = true;
    c->lag = -1;
    for (rd_kafka_message_t *m; (m = rd_kafka_consumer_poll(c->source.rk, 0));) {
        if (!m->err)
            go_back(c, m->partition, m->offset);
        rd_kafka_message_destroy(m);
    }
}

/* ---- messages ---- */

static void note_position(struct wr_consumer *c, const rd_kafka_message_t *m)
{
    if (c->rewind->cnt)
        rd_kafka_topic_partition_list_del(c->rewind, c->topic, m->partition);
    if (!wr_kafka_positions_went_back(&c->positions, m->partition, m->offset))
        return;
    wr_warn("a kafka partition went back", "partition=%d offset=%lld", (int)m->partition,
            (long long)m->offset);
    c->jumps_back++;
}

static rd_kafka_message_t *next_message(struct wr_consumer *c)
{
    rd_kafka_message_t *m;
    while ((m = rd_kafka_consumer_poll(c->source.rk, 0)) && m->err) {
        wr_warn("kafka gives no message", "err=%s why=\"%s\"", rd_kafka_err2name(m->err),
                rd_kafka_message_errstr(m));
        rd_kafka_message_destroy(m);
    }
    return m;
}

size_t wr_consumer_take(struct wr_consumer *c, struct wr_message *out, size_t max)
{
    rd_kafka_message_t *m;
    if (c->taken_count)
        return 0;
    if (c->held) { /* and to where it stood: a pause forgets what was sought before it */
        resume_paused(c);
        c->held = false;
        c->seek_due = true;
    }
    if (!rewound(c))
        return 0;
    c->taken = wr_realloc(c->taken, max * sizeof *c->taken);
    c->more = false;
    while (c->taken_count < max && (m = next_message(c))) {
        note_position(c, m);
        out[c->taken_count] = (struct wr_message){
            .value = m->payload ? m->payload : "",
            .len = m->len,
            .key = m->key ? m->key : "",
            .key_len = m->key_len,
            .partition = m->partition,
            .offset = m->offset,
            .timestamp_ms = rd_kafka_message_timestamp(m, NULL),
        };
        c->taken[c->taken_count++] = m;
    }
    c->more = c->taken_count == max;
    return c->taken_count;
}

static void store_offsets(struct wr_consumer *c)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (size_t i = 0; i < c->taken_count; i++) {
        const rd_kafka_message_t *m = c->taken[i];
        rd_kafka_topic_partition_t *part = rd_kafka_topic_partition_list_find(list, c->topic, m->partition);
        if (!part)
            part = rd_kafka_topic_partition_list_add(list, c->topic, m->partition);
        part->offset = m->offset + 1;
        wr_kafka_positions_done(&c->positions, m->partition, m->offset);
    }
    rd_kafka_resp_err_t err = rd_kafka_offsets_store(c->source.rk, list);
    if (err) /* a partition was taken from us meanwhile: its messages come again, to us or another */
        wr_info("offsets not stored", "err=%s", rd_kafka_err2name(err));
    rd_kafka_topic_partition_list_destroy(list);
}

void wr_consumer_done(struct wr_consumer *c, bool worked)
{
    if (worked) {
        store_offsets(c);
        c->progress_ms = wr_mono_ms();
    }
    for (size_t i = 0; i < c->taken_count; i++) {
        if (!worked)
            go_back(c, c->taken[i]->partition, c->taken[i]->offset);
        rd_kafka_message_destroy(c->taken[i]);
    }
    c->taken_count = 0;
    if (worked && c->more)
        wr_timer_start(c->tick, 0, TICK_MS);
}

uint64_t wr_consumer_stalled_ms(const struct wr_consumer *c)
{
    return c->lag > 0 ? wr_mono_ms() - c->progress_ms : 0;
}

int64_t wr_consumer_jumps_back(const struct wr_consumer *c)
{
    return c->jumps_back;
}

int64_t wr_consumer_lag(const struct wr_consumer *c)
{
    return c->lag;
}

bool wr_consumer_connected(const struct wr_consumer *c)
{
    return c->source.connected;
}
