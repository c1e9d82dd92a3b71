/* routes.h - every address waitroomd answers. */
#ifndef WAITROOM_ROUTES_H
#define WAITROOM_ROUTES_H
#include "http.h"

extern const struct wr_route waitroom_routes[];
extern const struct wr_socket_route waitroom_socket_routes[];
wr_handler open_session, serve_page, serve_asset, serve_sale, serve_time, poll_line, join_by_http,
    refuse_for_proxy;

#endif
