/* main.c - options and the shape of the service. */
#include "fulfillmentd.h"
#include "measures.h"

#define TEXT(field, flag, env, fallback, help)                                                               \
    WR_OPT_TEXT(struct fulfillment_config, field, flag, env, fallback, help)
#define INT(field, flag, env, fallback, min, max, help)                                                      \
    WR_OPT_INT(struct fulfillment_config, field, flag, env, fallback, min, max, help)

static const struct wr_option options[] = {
    TEXT(database, "--database", "WR_DATABASE_URL", NULL, "URL of the PostgreSQL database."),
    TEXT(redis_stock, "--redis-stock", "WR_REDIS_STOCK", "127.0.0.1:7086",
         "Redis of the stock, ADDR:PORT or the path of a socket."),
    TEXT(kafka_bootstrap, "--kafka-bootstrap", "KAFKA_BOOTSTRAP", "127.0.0.1:7088",
         "Kafka brokers, HOST:PORT, separated by commas."),
    TEXT(kafka_group, "--kafka-group", "WR_KAFKA_GROUP", "fulfillment", "Consumer group in Kafka."),
    TEXT(payment_url, "--payment-url", "WR_PAYMENT_URL", NULL, "Base URL of the payment provider's API."),
    TEXT(payment_key_file, "--payment-key-file", "WR_PAYMENT_KEY_FILE", NULL,
         "File with the key for the provider's API."),
    TEXT(webhook_secret_file, "--webhook-secret-file", "WR_WEBHOOK_SECRET_FILE", NULL,
         "File with the secret that signs its webhooks."),
    INT(database_threads, "--database-threads", "WR_DATABASE_THREADS", "8", 2, 64,
        "Connections to PostgreSQL."),
    INT(payment_concurrency, "--payment-concurrency", "WR_PAYMENT_CONCURRENCY", "32", 1, 1000,
        "Calls to the provider at a time."),
    INT(payment_deadline_ms, "--payment-deadline-ms", "WR_PAYMENT_DEADLINE_MS", "5000", 100, 6000,
        "How long an answer of the provider may take, in ms."),
    INT(catch_up_per_second, "--catch-up-per-second", "WR_CATCH_UP_PER_SECOND", "0", 0, 1000000,
        "Events a second while those taken waited for more than 10 s; 0: the live rate counts then too."),
    INT(grace_s, "--grace-s", "WR_CHECK_GRACE_S", "60", 0, 86400,
        "For check: how long a reservation may be without an order before that is drift, in s."),
    {0},
};

static const struct wr_command commands[] = {
    {"check", "check: proves that stock and orders agree; exit status 1 on drift", fulfillment_check},
    {"replay", "replay ID: takes a dead letter again, once what was wrong with it is put right",
     fulfillment_replay},
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
        .metric_count = MEASURE_COUNT,
        .routes = fulfillment_routes,
        .commands = commands,
        .open = fulfillment_open,
        .ready = fulfillment_ready,
        .drain = fulfillment_drain,
        .close = fulfillment_close,
    };
    return wr_service_main(&service, argc, argv);
}
