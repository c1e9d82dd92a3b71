#include "problem.h"
#include <stdio.h>

void wr_problem_render(enum wr_err err, const char *detail, struct wr_buf *out)
{
    char type[80], title[120];
    snprintf(title, sizeof title, "%s.", wr_err_title(err));
    snprintf(type, sizeof type, "/problems/%s", wr_err_slug(err));
    struct wr_json *v =
        wr_json_build("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title", wr_err_title(err), "status",
                      wr_err_status(err), "detail", detail ? detail : title, "next", wr_err_next(err));
    wr_json_render(v, out);
    wr_json_free(v);
}
