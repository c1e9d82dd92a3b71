#include "routes.h"
#include "shared_options.h"
#include "waitroom_metrics.h"
#include "waitroomd.h"

#define S struct waitroom_config
static const struct wr_option options[] = {
    WR_OPT_REDIS_LINE(S),
    WR_OPT_REDIS_STOCK(S),
    WR_OPT_TEXT(S, ticket_keys, "--ticket-keys", "WR_TICKET_KEYS", NULL,
                "File of the ticket keys, a `kid hex` a line; the first signs."),
    WR_OPT_TOKEN_KEYS(S),
    WR_OPT_ISSUER(S),
    WR_OPT_TEXT(S, static_folder, "--static", "WR_STATIC", "web/dist",
                "Folder of the page: index.html and assets/, compressed files beside."),
    WR_OPT_INT(S, sockets_max, "--sockets-max", "WR_SOCKETS_MAX", "100000", 1, 1000000,
               "Shoppers' sockets a worker holds at most."),
    WR_OPT_INT(S, pollers_max, "--pollers-max", "WR_POLLERS_MAX", "100000", 1, 1000000,
               "Shoppers without a socket, who poll, a worker remembers at most."),
    WR_OPT_INT(S, joiners_max, "--joiners-max", "WR_JOINERS_MAX", "50000", 1, 1000000,
               "Shoppers who wait for their number at a worker at most."),
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
