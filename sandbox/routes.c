#include "change_session.h"
#include "create_session.h"
#include "sandboxd.h"
#include "show_session.h"

/* A page's forms come from our own origin; rehearsals and load tests pay without being a browser. */
#define PAGE_FORM (WR_ROUTE_ORIGIN | WR_ROUTE_NO_BROWSER | WR_ROUTE_FORM)

const struct wr_route sandbox_routes[] = {
    {"POST", "/sandbox/v1/checkout/sessions", create_session, WR_ROUTE_FORM, 8192},
    {"GET", "/sandbox/v1/checkout/sessions/{id}", show_by_api, 0, 0},
    {"POST", "/sandbox/v1/checkout/sessions/{id}/expire", expire_by_api, WR_ROUTE_FORM, 1024},
    {"POST", "/sandbox/v1/refunds", refund_by_api, WR_ROUTE_FORM, 1024},
    {"GET", "/sandbox/pay/{id}", show_page, 0, 0},
    {"POST", "/sandbox/pay/{id}/pay", pay_by_page, PAGE_FORM, 256},
    {"POST", "/sandbox/pay/{id}/decline", decline_by_page, PAGE_FORM, 256},
    {"POST", "/sandbox/pay/{id}/walk-away", walk_away, PAGE_FORM, 256},
    {0},
};
