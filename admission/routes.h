/* routes.h - URL -> handler. Handlers get the struct admissiond as `ctx`. */
#ifndef ADMISSION_ROUTES_H
#define ADMISSION_ROUTES_H
#include "http.h"

extern const struct wr_route routes[];

wr_handler serve_jwks, verify_admission;
wr_handler create_sale, list_sales, show_sale, end_sale, show_stats;
wr_handler show_rate, set_rate, hold_sale, resume_sale, set_mode, set_message, set_limits;
wr_handler block_place, unblock_place, show_pace, set_pace;
int manage_keys(const void *config, int argc, char **argv);

#endif
