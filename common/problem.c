#include "problem.h"
#include <stdio.h>

struct wr_json *wr_problem_json(enum wr_err err, const char *detail)
{
    char type[80], title[120];
    snprintf(title, sizeof title, "%s.", wr_err_title(err));
    snprintf(type, sizeof type, "/problems/%s", wr_err_slug(err));
    return wr_json_build("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title", wr_err_title(err), "status",
                      wr_err_status(err), "detail", detail ? detail : title, "next", wr_err_next(err));
}
