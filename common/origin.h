/* origin.h - the origins (RFC 6454) whose pages may call us: the public URL's own and those configured. Pure.
 */
#ifndef WR_ORIGIN_H
#define WR_ORIGIN_H
#include "err.h"
#include <stdbool.h>

struct wr_origins;
/* `public_url`: "https://shop.example/any/path" or NULL; `list`: "https://a.example, http://localhost:7080"
 * or NULL. WR_ERR_INVALID (logged): a part is not scheme://host[:port]. Scheme and host are compared in lower
 * case, a default port is left out, as browsers send them. */
enum wr_err wr_origins_parse(struct wr_origins **out, const char *public_url, const char *list) WR_MUST_CHECK;
void wr_origins_free(struct wr_origins *o);
bool wr_origins_allow(const struct wr_origins *o, const char *origin); /* NULL and "null": false */

#endif
