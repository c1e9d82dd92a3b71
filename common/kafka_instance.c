#include "kafka_private.h"
#include "log.h"
#include "thread.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const struct wr_kafka_setting common_settings[] = {
    {"socket.keepalive.enable", "true"},
    {"socket.timeout.ms", "10000"},
    {"socket.connection.setup.timeout.ms", "5000"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "200"},
    {"statistics.interval.ms", "1000"}, /* says which brokers are up, and how far behind we are */
    {"log.connection.close", "false"},
    {NULL, NULL},
};

static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    wr_log(level <= 4 ? WR_LOG_WARN : WR_LOG_DEBUG, "kafka", "facility=%s text=\"%s\"", facility, text);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct wr_kafka_source *s = opaque;
    (void)rk;
    if (err == RD_KAFKA_RESP_ERR__FATAL)
        s->fatal = true;
    else if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        s->connected = false;
    else
        wr_debug("kafka error", "err=%s why=\"%s\"", rd_kafka_err2name(err), reason);
}

rd_kafka_conf_t *wr_kafka_configure(void *opaque, const struct wr_kafka_setting *own,
                                    const struct wr_kafka_setting *kind)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const struct wr_kafka_setting *const lists[] = {own, common_settings, kind};
    char why[256];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct wr_kafka_setting *s = lists[i]; s->name; s++)
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

rd_kafka_t *wr_kafka_make(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char why[256];
    sigset_t before;
    wr_signals_block(&before);
    rd_kafka_t *rk = conf ? rd_kafka_new(type, conf, why, sizeof why) : NULL;
    wr_signals_restore(&before);
    if (conf && !rk) {
        wr_error("cannot make a kafka client", "why=\"%s\"", why);
        rd_kafka_conf_destroy(conf);
    }
    return rk;
}

void wr_kafka_attach(struct wr_kafka_source *s, rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
    const uint64_t one = 1;
    s->rk = rk;
    s->queue = queue;
    s->connected = s->fatal = false;
    rd_kafka_queue_io_event_enable(queue, s->fd, &one, sizeof one);
    (void)!write(s->fd, &one, sizeof one); /* what was queued before that tells nobody */
}

rd_kafka_t *wr_kafka_detach(struct wr_kafka_source *s)
{
    rd_kafka_t *rk = s->rk;
    rd_kafka_queue_io_event_enable(s->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(s->queue);
    s->rk = NULL;
    s->queue = NULL;
    s->connected = false;
    return rk;
}

void wr_kafka_source_open(struct wr_kafka_source *s, struct wr_loop *loop, wr_watch_cb *on_event, void *ctx)
{
    s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->fd < 0)
        abort(); /* at start-up only */
    s->watch = wr_watch_new(loop, s->fd, on_event, ctx);
    wr_watch_set(s->watch, WR_READABLE);
}

void wr_kafka_source_close(struct wr_kafka_source *s)
{
    wr_watch_free(s->watch);
    close(s->fd);
}

void wr_kafka_clear_event(struct wr_kafka_source *s)
{
    uint64_t count;
    (void)!read(s->fd, &count, sizeof count);
}

const char *wr_kafka_version(void)
{
    static char text[32];
    snprintf(text, sizeof text, "librdkafka %s", rd_kafka_version_str());
    return text;
}
