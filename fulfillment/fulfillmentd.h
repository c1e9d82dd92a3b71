/* fulfillmentd.h - the daemon's long-lived parts. Everything but the work on pool threads runs on the loop.
 */
#ifndef FULFILLMENTD_H
#define FULFILLMENTD_H
#include "accept_orders.h"
#include "cancel_orders.h"
#include "expire_holds.h"
#include "kafka.h"
#include "payment_jobs.h"
#include "payment_provider.h"
#include "pg.h"
#include "process_webhooks.h"
#include "publish_dead_letters.h"
#include "redis.h"
#include "relay_outbox.h"
#include "repeat.h"
#include "service.h"
#include "take_webhook.h"
#include "watch_backlog.h"

#define GIVE_UP_ATTEMPTS                                                                                     \
    5 /* least number before anything is given up, however old: a daemon may just have been away */

struct fulfillment_config {
    struct wr_service_config service;
    const char *database, *redis_stock, *kafka_bootstrap, *kafka_group;
    const char *payment_url, *payment_key_file, *webhook_secret_file;
    int64_t database_threads, payment_concurrency, payment_deadline_ms, catch_up_per_second, give_up_s,
        grace_s;
};

struct fulfillment {
    const struct fulfillment_config *config;
    struct wr_runtime *runtime;
    struct wr_loop *loop;
    struct wr_pg *pg;
    struct wr_redis *stock;
    struct wr_producer *producer;
    struct provider *provider;
    struct wr_hmac *webhook_secret;
    struct wr_timer *drain_timer;
    enum { YIELD_NOT, YIELDING, YIELDED } yield; /* of the relay, to another instance */

    struct repeats repeats; /* every flow but the intake of webhooks */
    struct watch_backlog *backlog;
    struct accept_orders *accept;
    struct payment_jobs *links, *closings, *refunds, *second_refunds;
    struct repeat *cancels, *webhooks, *relay, *dead_letters; /* whom others kick */
    struct webhook_intake *intake;
};

enum wr_err fulfillment_open(struct wr_runtime *runtime, const void *config, void **daemon);
bool fulfillment_ready(void *daemon, const char **why);
void fulfillment_drain(void *daemon);
void fulfillment_close(void *daemon);

/* Commands. */
int fulfillment_check(const void *config, int argc, char **argv);
int fulfillment_replay(const void *config, int argc, char **argv);

extern const struct wr_route fulfillment_routes[];

#endif
