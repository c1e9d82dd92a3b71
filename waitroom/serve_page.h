/* serve_page.h - the static files, read once at the start: index.html and assets/, each with its .br and .gz
 * beside it. */
#ifndef WAITROOM_SERVE_PAGE_H
#define WAITROOM_SERVE_PAGE_H
#include "err.h"
struct pages;
/* Without index.html: WR_ERR_NOT_FOUND, logged. */
enum wr_err pages_open(struct pages **out, const char *folder) WR_MUST_CHECK;
void pages_close(struct pages *pages); /* takes NULL */
#endif
