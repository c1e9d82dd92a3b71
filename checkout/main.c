/* checkoutd: token holders only. Reserves stock in Redis, publishes to Kafka, answers 202. */
#include "checkout_metrics.h"
#include "checkoutd.h"
#include "shared_options.h"

#define S struct checkout_config
static const struct wr_option options[] = {
    WR_OPT_REDIS_LINE(S),
    WR_OPT_REDIS_STOCK(S),
    WR_OPT_TOKEN_KEYS(S),
    WR_OPT_ISSUER(S),
    WR_OPT_TEXT(S, order_key, "--order-key", "WR_ORDER_KEY_FILE", NULL,
                "File with 64 hex digits that order ids are derived with; the same for every checkoutd."),
    WR_OPT_KAFKA_BOOTSTRAP(S),
    WR_OPT_INT(S, in_flight_max, "--in-flight-max", "WR_CHECKOUT_IN_FLIGHT_MAX", "4000", 1, 100000,
               "Checkouts and cancels under way at once; what comes past it is answered 503."),
    {0},
};
#undef S

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
