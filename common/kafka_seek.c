#include "kafka_private.h"
#include "log.h"
#include "mem.h"
#include "thread.h"
#include <stdlib.h>
#include <unistd.h>

enum { SEEK_MS = 1000 };

struct wr_kafka_seek {
    rd_kafka_t *rk;
    rd_kafka_topic_partition_list_t *to; /* with an error each, at the end */
    int fd;
    bool failed, ended;
    pthread_t thread;
};

static void *run(void *arg)
{
    struct wr_kafka_seek *s = arg;
    const uint64_t one = 1;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(s->rk, s->to, SEEK_MS);
    if (error)
        wr_info("seek not done yet", "err=%s", rd_kafka_error_name(error));
    s->failed = error;
    rd_kafka_error_destroy(error);
    __atomic_store_n(&s->ended, true, __ATOMIC_RELEASE);
    (void)!write(s->fd, &one, sizeof one);
    return NULL;
}

struct wr_kafka_seek *wr_kafka_seek_start(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *to, int fd)
{
    struct wr_kafka_seek *s = wr_alloc(sizeof *s);
    *s = (struct wr_kafka_seek){.rk = rk, .to = rd_kafka_topic_partition_list_copy(to), .fd = fd};
    s->thread = wr_thread_start(run, s);
    return s;
}

bool wr_kafka_seek_ended(const struct wr_kafka_seek *s)
{
    return __atomic_load_n(&s->ended, __ATOMIC_ACQUIRE);
}

bool wr_kafka_seek_end(struct wr_kafka_seek *s, rd_kafka_topic_partition_list_t *to)
{
    pthread_join(s->thread, NULL);
    bool all = !s->failed;
    for (int i = 0; !s->failed && i < s->to->cnt; i++) {
        const rd_kafka_topic_partition_t *part = &s->to->elems[i];
        if (part->err == RD_KAFKA_RESP_ERR__TIMED_OUT || part->err == RD_KAFKA_RESP_ERR__IN_PROGRESS ||
            part->err == RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS)
            all = false;
        else if (part->err) /* no longer ours: whoever has it starts at what is committed */
            rd_kafka_topic_partition_list_del(to, part->topic, part->partition);
    }
    rd_kafka_topic_partition_list_destroy(s->to);
    free(s);
    return all;
}
