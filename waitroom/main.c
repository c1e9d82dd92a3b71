#include "meters.h"
#include "routes.h"
#include "waitroomd.h"

#define S struct waitroom_config
static const struct wr_option options[] = {
    WR_OPT_TEXT(S, redis_line, "--redis-line", "WR_REDIS_LINE", "127.0.0.1:7086",
                "Redis of the lines: IP:PORT or the path of a socket."),
    WR_OPT_TEXT(S, redis_stock, "--redis-stock", "WR_REDIS_STOCK", "127.0.0.1:7086",
                "Redis of the stock: IP:PORT or the path of a socket."),
    WR_OPT_TEXT(S, ticket_keys, "--ticket-keys", "WR_TICKET_KEYS", NULL,
                "File of the ticket keys, a `kid hex` a line; the first signs."),
    WR_OPT_TEXT(S, token_keys, "--token-keys", "WR_TOKEN_KEYS", NULL,
                "Folder of the token keys (admissiond keys ...)."),
    WR_OPT_TEXT(S, issuer, "--issuer", "WR_ISSUER", "waitroom", "Issuer (`iss`) of the admission tokens."),
    WR_OPT_TEXT(S, static_folder, "--static", "WR_STATIC", "web/dist",
                "Folder of the page: index.html and assets/, compressed files beside."),
    WR_OPT_INT(S, sockets_max, "--sockets-max", "WR_SOCKETS_MAX", "100000", 1, 1000000,
               "Shoppers' sockets a worker holds at most."),
    {0},
};
#undef S

int main(int argc, char **argv)
{
    static const struct wr_service service = {
        .name = "waitroomd",
        .summary = "the data plane at the door: the line, places, the call and the grant",
        .options = options,
        .config_size = sizeof(struct waitroom_config),
        .preforks = true,
        .metrics = waitroom_metrics,
        .metric_count = METRIC_COUNT,
        .routes = waitroom_routes,
        .socket_routes = waitroom_socket_routes,
        .open = waitroom_open,
        .ready = waitroom_ready,
        .drain = waitroom_drain,
        .close = waitroom_close,
    };
    return wr_service_main(&service, argc, argv);
}
