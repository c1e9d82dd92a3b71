/* checkoutd: token holders only. Reserves stock in Redis, publishes to Kafka, answers 202. */
#include "checkout_metrics.h"
#include "checkoutd.h"

#define TEXT(field, flag, env, fallback, help)                                                               \
    WR_OPT_TEXT(struct checkout_config, field, flag, env, fallback, help)

static const struct wr_option options[] = {
    TEXT(redis_line, "--redis-line", "WR_REDIS_LINE", "127.0.0.1:7086",
         "Redis of the line: address and port, or a socket's path."),
    TEXT(redis_stock, "--redis-stock", "WR_REDIS_STOCK", "127.0.0.1:7086",
         "Redis of the stock: address and port, or a socket's path."),
    TEXT(token_keys, "--token-keys", "WR_TOKEN_KEYS", NULL, "Folder with the keys of admission tokens."),
    TEXT(issuer, "--issuer", "WR_ISSUER", "waitroom", "The `iss` that admission tokens must name."),
    TEXT(order_key, "--order-key", "WR_ORDER_KEY_FILE", NULL,
         "File with 64 hex digits that order ids are derived with; the same for every checkoutd."),
    TEXT(kafka_bootstrap, "--kafka-bootstrap", "KAFKA_BOOTSTRAP", "127.0.0.1:7088",
         "Kafka brokers to begin with, separated by commas."),
    WR_OPT_INT(struct checkout_config, in_flight_max, "--in-flight-max", "WR_CHECKOUT_IN_FLIGHT_MAX", "4000",
               1, 100000, "Checkouts and cancels under way at once; what comes past it is answered 503."),
    {0},
};

static const struct wr_service service = {
    .name = "checkoutd",
    .summary = "reserves stock for admitted shoppers and publishes their orders",
    .options = options,
    .config_size = sizeof(struct checkout_config),
    .metrics = checkout_metrics,
    .metric_count = METRIC_COUNT,
    .routes = checkout_routes,
    .open = checkoutd_open,
    .ready = checkoutd_ready,
    .drain = checkoutd_drain,
    .close = checkoutd_close,
};

int main(int argc, char **argv)
{
    return wr_service_main(&service, argc, argv);
}
