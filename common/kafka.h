/* kafka.h - an idempotent producer and an at-least-once consumer on the daemon's loop. Owns librdkafka.
 *
 * Producer: the callback of a message runs once, from the loop. WR_OK: the broker has it. WR_ERR_BACKEND:
 * surely not written. WR_ERR_NO_ANSWER: it may be. After a fatal error the instance is destroyed and made
 * anew; what was under way gets NO_ANSWER (the caller's outbox sends it again: consumers ignore duplicates).
 *
 * Consumer: take messages, do the work, then wr_consumer_done(): its offset is committed only after that. A member that
 * neither takes nor holds for two minutes is thrown out of its group. */
#ifndef WR_KAFKA_H
#define WR_KAFKA_H
#include "err.h"
#include "loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_producer;
struct wr_producer_config {
    const char *bootstrap; /* "127.0.0.1:7088" */
    const char *client_id;
    int in_flight_max; /* 0: 100,000; past it WR_ERR_BUSY */
};
enum wr_err wr_producer_open(struct wr_producer **out, struct wr_loop *loop,
                             const struct wr_producer_config *config) WR_MUST_CHECK;
/* At most 2 s, for what is under way and for its end; takes NULL. */
void wr_producer_close(struct wr_producer *p);
typedef void wr_delivered_cb(void *ctx, enum wr_err err);
/* Key and value are copied. WR_ERR_BUSY or WR_ERR_BACKEND: not taken, the callback will not run. */
enum wr_err wr_producer_send(struct wr_producer *p, const char *topic, const char *key, const void *value,
                             size_t len, wr_delivered_cb *cb, void *ctx) WR_MUST_CHECK;
bool wr_producer_connected(const struct wr_producer *p);    /* a broker is up as far as we know */
int64_t wr_producer_recreated(const struct wr_producer *p); /* how often a fatal error was survived */

struct wr_message {
    const char *value, *key; /* borrowed until wr_consumer_done() */
    size_t len, key_len;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
};
struct wr_consumer;
struct wr_consumer_config {
    const char *bootstrap, *group, *topic, *client_id;
    void (*on_readable)(void *ctx); /* there may be messages: take until none */
    void *ctx;
};
enum wr_err wr_consumer_open(struct wr_consumer **out, struct wr_loop *loop,
                             const struct wr_consumer_config *config) WR_MUST_CHECK;
void wr_consumer_close(struct wr_consumer *c); /* at most 5 s; nothing may be out; takes NULL */
/* Up to `max` messages, in partition order, without waiting. What was taken must be given to
 * wr_consumer_done(), also when the work failed (`worked` false: nothing is stored and the partitions go back to
 * where they were, so the same messages come again). One batch at a time. */
size_t wr_consumer_take(struct wr_consumer *c, struct wr_message *out, size_t max);
void wr_consumer_done(struct wr_consumer *c, bool worked);
/* Instead of taking, by who cannot work now, at every on_readable(): no message comes until the next take, but the
 * group keeps this member, and what is known below stays true (the lag is not known then). */
void wr_consumer_hold(struct wr_consumer *c);
/* Messages not yet done, over its partitions; -1: unknown. */
int64_t wr_consumer_lag(const struct wr_consumer *c);
/* How long ago the last work was done while there is some to do; 0: there is none. */
uint64_t wr_consumer_stalled_ms(const struct wr_consumer *c);
/* How often a partition began before what was done: broker data lost or an offset reset; after a rebalance a few. */
int64_t wr_consumer_jumps_back(const struct wr_consumer *c);
bool wr_consumer_connected(const struct wr_consumer *c);
const char *wr_kafka_version(void);
/* An instance did not end in time and its threads still run: the process must leave by _exit(). */
bool wr_kafka_left_behind(void);

#endif
