/* show_session.h - a session as JSON for the shop, and as the page where the shopper pays. */
#ifndef SANDBOX_SHOW_SESSION_H
#define SANDBOX_SHOW_SESSION_H
#include "http.h"

wr_handler show_by_api, show_page, walk_away;

#endif
