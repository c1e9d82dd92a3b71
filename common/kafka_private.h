/* kafka_private.h - what the parts of kafka.h share: an instance of librdkafka and its way into the loop. The
 * only file that includes librdkafka.
 *
 * librdkafka works on threads of its own and leaves what happened in a queue; an eventfd tells the loop when
 * that queue stops being empty, so whoever is told drains it. Its callbacks run inside that draining: they
 * only note what happened, and ours run after it, when nothing of the library is on the stack. */
#ifndef WR_KAFKA_PRIVATE_H
#define WR_KAFKA_PRIVATE_H
#include "kafka.h"
#include "loop.h"
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct wr_kafka_setting {
    const char *name, *value; /* a list ends with a NULL name */
};

struct wr_kafka_source { /* what producer and consumer begin with: librdkafka's opaque is both */
    rd_kafka_t *rk;      /* NULL: none at the moment */
    rd_kafka_queue_t *queue;
    int fd;
    struct wr_watch *watch;
    bool connected, fatal;
};
void wr_kafka_source_open(struct wr_kafka_source *s, struct wr_loop *loop, wr_watch_cb *on_event, void *ctx);
void wr_kafka_source_close(struct wr_kafka_source *s);
void wr_kafka_clear_event(struct wr_kafka_source *s); /* before draining, so that nothing is overlooked */
/* `s` has the instance and its queue from now on. */
void wr_kafka_attach(struct wr_kafka_source *s, rd_kafka_t *rk, rd_kafka_queue_t *queue);
rd_kafka_t *wr_kafka_detach(struct wr_kafka_source *s); /* the instance, without any way into the loop */

/* What is this instance's own and what its kind has, beside what every instance has; NULL when one is refused
 * (logged). */
rd_kafka_conf_t *wr_kafka_configure(void *opaque, const struct wr_kafka_setting *own,
                                    const struct wr_kafka_setting *kind);
rd_kafka_t *wr_kafka_make(rd_kafka_type_t type, rd_kafka_conf_t *conf); /* takes `conf`, which may be NULL */

/* Destroying an instance may block for long (and in this version for ever), so it is done on a thread that is
 * given a limited time and then left alone. */
struct wr_kafka_ending;
struct wr_kafka_ending *wr_kafka_end(rd_kafka_t *rk, bool consumer, void *owner);
/* False: it did not end in time, and `owner`, which its callbacks may still write to, stays as long as the
 * process. Takes NULL. */
bool wr_kafka_await_end(struct wr_kafka_ending *e, uint64_t until_ms); /* wr_mono_ms() */

/* Going back in partitions. A library that is to say when it has done so waits for its own threads, so it is asked on a
 * thread, whose end makes `fd` readable. */
struct wr_kafka_seek;
struct wr_kafka_seek *wr_kafka_seek_start(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *to, int fd);
bool wr_kafka_seek_ended(const struct wr_kafka_seek *s);
/* Waits for its end, at most a second; then a partition of `to` that is not ours any more is not in it either. False:
 * not all were reached, ask again. */
bool wr_kafka_seek_end(struct wr_kafka_seek *s, rd_kafka_topic_partition_list_t *to);

#endif
