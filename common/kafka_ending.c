#include "kafka_private.h"
#include "log.h"
#include "mem.h"
#include "thread.h"
#include <stdlib.h>
#include <time.h>

struct wr_kafka_ending { /* an instance that is being destroyed */
    rd_kafka_t *rk;
    pthread_t thread;
    bool consumer;
    struct wr_kafka_ending *next;
    void *owner; /* what its callbacks may still write to */
};
static struct wr_kafka_ending
    *left_behind; /* those that did not end in time: theirs is what they use, until the process ends */

static void *run_ending(void *arg)
{
    struct wr_kafka_ending *e = arg;
    if (e->consumer)
        rd_kafka_consumer_close(e->rk);
    else
        rd_kafka_purge(e->rk,
                       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy(e->rk);
    return NULL;
}

struct wr_kafka_ending *wr_kafka_end(rd_kafka_t *rk, bool consumer, void *owner)
{
    struct wr_kafka_ending *e = wr_alloc(sizeof *e);
    *e = (struct wr_kafka_ending){.rk = rk, .consumer = consumer, .owner = owner};
    e->thread = wr_thread_start(run_ending, e);
    return e;
}

bool wr_kafka_await_end(struct wr_kafka_ending *e, uint64_t until_ms)
{
    if (!e)
        return true;
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};
    if (pthread_clockjoin_np(e->thread, NULL, CLOCK_MONOTONIC, &until)) {
        wr_warn("a kafka client does not end; left behind", "");
        pthread_detach(e->thread);
        e->next = left_behind;
        left_behind = e;
        return false;
    }
    free(e);
    return true;
}

bool wr_kafka_left_behind(void)
{
    return left_behind;
}
