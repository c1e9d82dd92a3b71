/* problem.h - a refusal as JSON for people and programs (RFC 9457): type, title, status, detail, next. Pure.
 */
#ifndef WR_PROBLEM_H
#define WR_PROBLEM_H
#include "err.h"
#include "json.h"

/* `detail`: a sentence about this very case; NULL: the title, as a sentence. Owned by the caller, who may add
 * members. */
struct wr_json *wr_problem_json(enum wr_err err, const char *detail);

#endif
