#include "routes.h"
#include "session.h"

enum { POST = WR_ROUTE_ORIGIN | WR_ROUTE_NO_BROWSER };

const struct wr_route waitroom_routes[] = {
    {.method = "GET", .path = "/s/{sale}", .handle = serve_page},
    {.method = "GET", .path = "/assets/*", .handle = serve_asset},
    {.method = "POST", .path = "/v1/session", .handle = open_session, .flags = POST, .body_max = 256},
    {.method = "GET", .path = "/v1/time", .handle = serve_time},
    {.method = "GET", .path = "/refused/{problem}", .handle = refuse_for_proxy},
    {.method = "GET", .path = "/v1/sales/{sale}", .handle = serve_sale},
    {.method = "GET", .path = "/v1/sales/{sale}/queue", .handle = poll_line},
    {.method = "POST",
     .path = "/v1/sales/{sale}/queue",
     .handle = join_by_http,
     .flags = POST,
     .body_max = 1024},
    {0},
};

const struct wr_socket_route waitroom_socket_routes[] = {
    {.path = "/v1/sales/{sale}/queue",
     .protocol = "waitroom.v1",
     .session_size = sizeof(struct session),
     .message_max = 2048,
     .on_upgrade = on_line_upgrade,
     .on_open = on_line_open,
     .on_message = on_line_message,
     .on_writable = on_line_writable,
     .on_refused = on_line_refused,
     .on_close = on_line_close,
     .on_quiet = on_line_quiet},
    {0},
};
