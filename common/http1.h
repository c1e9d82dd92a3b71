/* http1.h - the head of one HTTP/1.1 request (RFC 9112), read strictly. Pure: bytes in, a table of slices
 * out.
 *
 * Where the RFC lets a server guess, this refuses: bare LF, folded or nameless headers, blanks before a
 * colon, control characters, a repeated Host or Content-Length, any Transfer-Encoding. What two programs
 * could read in two ways is how requests are smuggled. */
#ifndef WR_HTTP1_H
#define WR_HTTP1_H
#include "err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WR_HEAD_MAX = 8192, WR_FIELDS_MAX = 64 };

struct wr_head {
    const char *method, *target; /* target: origin form, "/path?query" */
    const char *query;           /* behind the '?', which is cut off `target`; NULL: none */
    size_t len;                  /* bytes of the head with its empty line */
    size_t content_length;
    bool http_1_0, keep_alive, expects_continue,
        upgrades; /* upgrades: "Connection: upgrade" and an Upgrade header */
    size_t count;
    struct wr_head_field {
        const char *name, *value; /* name in lower case; value without blanks around it */
    } fields[WR_FIELDS_MAX];
};

/* How many bytes of `bytes` are a whole head; 0: more is needed. `seen`: what an earlier call already looked
 * at. */
size_t wr_head_end(const char *bytes, size_t len, size_t seen);
/* False as soon as the first bytes cannot become a request: TLS, HTTP/2, noise. */
bool wr_head_plausible(const char *bytes, size_t len);
/* Reads the head of `len` bytes (from wr_head_end) in place: `bytes` is changed and must outlive `out`. On an
 * error `why` is a sentence. */
enum wr_err wr_head_parse(char *bytes, size_t len, struct wr_head *out, const char **why) WR_MUST_CHECK;
/* The first of that name; NULL: absent. */
const char *wr_head_field(const struct wr_head *head, const char *name);
/* Whether a comma list such as Connection holds this token. */
bool wr_list_has(const char *list, const char *token, bool any_case);

#endif
