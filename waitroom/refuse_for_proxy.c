/* refuse_for_proxy.c - GET /refused/{problem}: what the proxy in front refuses by itself it sends here, so that
 * it looks like every other refusal and is counted with them. The proxy keeps the path to itself. */
#include "routes.h"
#include <string.h>

static const struct {
    enum wr_err err;
    const char *detail;
} refusals[] = {
    {WR_ERR_NOT_FOUND, "No part of the shop has this address."},
    {WR_ERR_MALFORMED, "This is no request that can be handed on."},
    {WR_ERR_HEADERS, NULL},
    {WR_ERR_TOO_LARGE, "The body is larger than anything here takes."},
    {WR_ERR_NO_ANSWER, "The part that was to answer went away."},
};

void refuse_for_proxy(void *ctx, struct wr_request *req)
{
    const char *problem = wr_request_param(req, "problem");
    size_t i = sizeof refusals / sizeof *refusals;
    (void)ctx;
    while (--i > 0 && strcmp(wr_err_slug(refusals[i].err), problem) != 0)
        continue; /* what has no row is not found */
    wr_answer_problem(req, refusals[i].err, refusals[i].detail, 0);
}
