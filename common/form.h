/* form.h - application/x-www-form-urlencoded: query strings and form bodies (WHATWG URL, section 5.1). Pure.
 */
#ifndef WR_FORM_H
#define WR_FORM_H
#include <stdbool.h>
#include <stddef.h>

/* %XX (and '+' as blank where `plus`) decoded from `text` into `out` (may be the same memory; `len` + 1
 * bytes). Returns the length, or -1 for a broken escape or one that hides a control character. */
long wr_percent_decode(const char *text, size_t len, bool plus, char *out);
/* The first field of that name, decoded into `out`; false: absent, malformed, or longer than `cap` allows. */
bool wr_form_find(const char *form, size_t len, const char *name, char *out, size_t cap);

#endif
