/* route.h - which route a path and a method mean. Pure.
 *
 * A pattern is segments: literal, "{name}" (one segment, not empty) or, last, "*" (everything that is left,
 * as "rest"). Segments are split first and decoded after, so an escaped slash never makes a new one. Segments
 * "." and "..", empty ones and those that hide control characters match nothing. */
#ifndef WR_ROUTE_H
#define WR_ROUTE_H
#include "http.h"
#include <stdbool.h>

enum { WR_PARAMS_MAX = 4, WR_PATH_MAX = 2048 };

struct wr_params {
    struct wr_param {
        char name[24];
        const char *value; /* into `text` */
    } at[WR_PARAMS_MAX];
    size_t count;
    char *text; /* the caller's: as long as the path, and one for each parameter */
};

bool wr_path_match(const char *pattern, const char *path, struct wr_params *out);

/* WR_OK with `*route`, WR_ERR_NOT_FOUND, or WR_ERR_METHOD; `allow` gets the path's methods, "GET, HEAD,
 * OPTIONS", unless nothing is there. HEAD is served by GET's route; OPTIONS of a known path is WR_ERR_METHOD
 * too: the frame answers it. */
enum wr_err wr_route_find(const struct wr_route *routes, const char *method, const char *path,
                          const struct wr_route **route, struct wr_params *params,
                          char allow[96]) WR_MUST_CHECK;

#endif
