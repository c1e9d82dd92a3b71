#include "admissiond.h"
#include "routes.h"

#define S struct admissiond_config
static const struct wr_option options[] = {
    WR_OPT_TEXT(S, database, "--database", "WR_DATABASE_URL", NULL, "URL of the PostgreSQL database."),
    WR_OPT_TEXT(S, redis_line, "--redis-line", "WR_REDIS_LINE", "127.0.0.1:7086",
                "Redis of the lines: IP:PORT or the path of a socket."),
    WR_OPT_TEXT(S, redis_stock, "--redis-stock", "WR_REDIS_STOCK", "127.0.0.1:7086",
                "Redis of the stock: IP:PORT or the path of a socket."),
    WR_OPT_TEXT(S, token_keys, "--token-keys", "WR_TOKEN_KEYS", NULL,
                "Folder of the token keys (admissiond keys ...)."),
    WR_OPT_TEXT(S, issuer, "--issuer", "WR_ISSUER", "waitroom", "Issuer (`iss`) of the admission tokens."),
    WR_OPT_TEXT(S, merchant_key_file, "--merchant-key-file", "WR_MERCHANT_KEY_FILE", NULL,
                "File that holds the merchant's API key, 16 to 200 characters."),
    WR_OPT_INT(S, replica_wait_ms, "--replica-wait-ms", "WR_REPLICA_WAIT_MS", "0", 0, 60000,
               "How long a changed Redis process is left alone before its generation opens, in ms: 5000 "
               "where Redis has replicas."),
    {0},
};
#undef S

static const struct wr_command commands[] = {
    {"keys", "keys stage | activate KID | retire KID | list: the keys that sign admission tokens",
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
        .close = admissiond_close,
    };
    return wr_service_main(&service, argc, argv);
}
