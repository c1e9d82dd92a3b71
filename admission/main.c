#include "admissiond.h"
#include "routes.h"
#include "shared_options.h"

#define S struct admissiond_config
static const struct wr_option options[] = {
    WR_OPT_DATABASE(S),
    WR_OPT_REDIS_LINE(S),
    WR_OPT_REDIS_STOCK(S),
    WR_OPT_TOKEN_KEYS(S),
    WR_OPT_ISSUER(S),
    WR_OPT_TEXT(S, merchant_key_file, "--merchant-key-file", "WR_MERCHANT_KEY_FILE", NULL,
                "File that holds the merchant's API key, 16 to 200 characters."),
    WR_OPT_TEXT(S, trusted_proxies, "--trusted-proxies", "WR_TRUSTED_PROXIES", "",
                "Networks (CIDR, separated by commas) whose X-Forwarded-For is believed: the audit log says "
                "from which address the merchant's key was used."),
    WR_OPT_INT(S, replica_wait_ms, "--replica-wait-ms", "WR_REPLICA_WAIT_MS", "0", 0, 60000,
               "How long a changed Redis process is left alone before its generation opens, in ms: 5000 "
               "where Redis has replicas."),
    {0},
};
#undef S

static const struct wr_command commands[] = {
    {"keys",
     "keys stage | activate KID | retire KID [at-once] | list: the keys that sign admission tokens. To replace "
     "the one that signs: stage another, activate it no sooner than 70 s later, and retire the old one when "
     "its tokens have ended, a day after that (at-once: they end with it)",
     manage_keys},
    {0},
};

int main(int argc, char **argv)
{
    static const struct wr_service service = {
        .name = "admissiond",
        .summary =
            "the control plane: sales, generations, ceilings, phases, stock left, verification, merchant API",
        .options = options,
        .config_size = sizeof(struct admissiond_config),
        .metrics = admission_metrics,
        .metric_count = METRIC_COUNT,
        .routes = routes,
        .commands = commands,
        .open = admissiond_open,
        .ready = admissiond_ready,
        .drain = admissiond_drain,
        .idle = admissiond_idle,
        .close = admissiond_close,
    };
    return wr_service_main(&service, argc, argv);
}
