/* problem.h - a refusal as JSON for people and programs (RFC 9457): type, title, status, detail, next. Pure.
 */
#ifndef WR_PROBLEM_H
#define WR_PROBLEM_H
#include "err.h"
#include "json.h"
#include "mem.h"

/* `detail`: a sentence about this very case; NULL: the title, as a sentence. Appends to `out`. */
void wr_problem_render(enum wr_err err, const char *detail, struct wr_buf *out);

#endif
