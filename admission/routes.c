#include "routes.h"

#define SALE "/v1/admin/sales/{sale}"

/* The key guards them; a page of a foreign origin that has got it may not use it all the same. */
enum { CHANGE = WR_ROUTE_ORIGIN | WR_ROUTE_NO_BROWSER };

const struct wr_route routes[] = {
    {"GET", "/.well-known/jwks.json", serve_jwks, WR_ROUTE_PUBLIC, 0},
    {"GET", "/v1/admission/verify", verify_admission, 0, 0},
    {"POST", "/v1/admin/sales", create_sale, CHANGE, 16384},
    {"GET", "/v1/admin/sales", list_sales, 0, 0},
    {"GET", SALE, show_sale, 0, 0},
    {"GET", SALE "/rate", show_rate, 0, 0},
    {"PUT", SALE "/rate", set_rate, CHANGE, 1024},
    {"POST", SALE "/hold", hold_sale, CHANGE, 4096},
    {"POST", SALE "/resume", resume_sale, CHANGE, 4096},
    {"POST", SALE "/mode", set_mode, CHANGE, 1024},
    {"PUT", SALE "/message", set_message, CHANGE, 4096},
    {"PUT", SALE "/limits", set_limits, CHANGE, 1024},
    {"POST", SALE "/places/{lane}/{place}/block", block_place, CHANGE, 4096},
    {"DELETE", SALE "/places/{lane}/{place}/block", unblock_place, CHANGE, 1024},
    {"POST", SALE "/end", end_sale, CHANGE, 1024},
    {"GET", SALE "/stats", show_stats, 0, 0},
    {"GET", "/v1/admin/settings", show_pace, 0, 0},
    {"PUT", "/v1/admin/settings", set_pace, CHANGE, 1024},
    {0},
};
