/* main.c - options and the shape of the service. */
#include "fulfillment_metrics.h"
#include "fulfillmentd.h"
#include "shared_options.h"

#define S struct fulfillment_config
static const struct wr_option options[] = {
    WR_OPT_DATABASE(S),
    WR_OPT_REDIS_STOCK(S),
    WR_OPT_KAFKA_BOOTSTRAP(S),
    WR_OPT_TEXT(S, kafka_group, "--kafka-group", "WR_KAFKA_GROUP", "fulfillment", "Consumer group in Kafka."),
    WR_OPT_TEXT(S, payment_url, "--payment-url", "WR_PAYMENT_URL", NULL,
                "Base URL of the payment provider's API."),
    WR_OPT_PAYMENT_KEY(S),
    WR_OPT_WEBHOOK_SECRET(S),
    WR_OPT_INT(S, database_threads, "--database-threads", "WR_DATABASE_THREADS", "4", 2, 64,
               "Connections to PostgreSQL."),
    WR_OPT_INT(S, payment_concurrency, "--payment-concurrency", "WR_PAYMENT_CONCURRENCY", "32", 1, 1000,
               "Calls to the provider at a time."),
    WR_OPT_INT(S, payment_deadline_ms, "--payment-deadline-ms", "WR_PAYMENT_DEADLINE_MS", "5000", 100, 6000,
               "How long an answer of the provider may take, in ms."),
    WR_OPT_INT(S, catch_up_per_second, "--catch-up-per-second", "WR_CATCH_UP_PER_SECOND", "0", 0, 1000000,
               "Events a second of each fulfillmentd while those taken waited for over 10 s; 0: the live rate counts "
               "then too."),
    WR_OPT_INT(S, give_up_s, "--give-up-s", "WR_GIVE_UP_S", "259200", 1, 31536000,
               "How long a webhook or a refund is tried before it becomes a dead letter, in s."),
    WR_OPT_INT(S, grace_s, "--grace-s", "WR_CHECK_GRACE_S", "60", 0, 86400,
               "For check: how long a reservation may be without an order before that is drift, in s."),
    {0},
};
#undef S

static const struct wr_command commands[] = {
    {"check", "check: proves that stock and orders agree; exit status 1 on drift", fulfillment_check},
    {"replay", "replay ID: takes a dead letter again, once its cause is put right", fulfillment_replay},
    {0},
};

int main(int argc, char **argv)
{
    const struct wr_service service = {
        .name = "fulfillmentd",
        .summary = "takes reservations from Kafka, keeps the ledger, gets orders paid, returns stock",
        .options = options,
        .config_size = sizeof(struct fulfillment_config),
        .metrics = fulfillment_metrics,
        .metric_count = METRIC_COUNT,
        .routes = fulfillment_routes,
        .commands = commands,
        .open = fulfillment_open,
        .ready = fulfillment_ready,
        .drain = fulfillment_drain,
        .close = fulfillment_close,
    };
    return wr_service_main(&service, argc, argv);
}
