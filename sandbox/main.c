/* sandboxd: the payment provider of demos and tests. */
#include "sandbox_metrics.h"
#include "sandboxd.h"
#include "shared_options.h"

#define S struct sandbox_config
static const struct wr_option options[] = {
    WR_OPT_DATABASE(S),
    WR_OPT_TEXT(S, webhook_url, "--webhook-url", "WR_WEBHOOK_URL",
                "http://127.0.0.1:7084/v1/payments/webhook", "Where events are delivered."),
    WR_OPT_PAYMENT_KEY(S),
    WR_OPT_WEBHOOK_SECRET(S),
    {0},
};
#undef S

int main(int argc, char **argv)
{
    static const struct wr_service service = {
        .name = "sandboxd",
        .summary = "a payment provider shaped like Stripe, for demos and tests: no money moves",
        .options = options,
        .config_size = sizeof(struct sandbox_config),
        .metrics = sandbox_metrics,
        .metric_count = METRIC_COUNT,
        .routes = sandbox_routes,
        .open = sandboxd_open,
        .ready = sandboxd_ready,
        .close = sandboxd_close,
    };
    return wr_service_main(&service, argc, argv);
}
