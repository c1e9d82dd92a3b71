/* html_template.h - pages are HTML files beside the sources, embedded at build time; a template names what changes. Pure.
 *
 *   {{name}}                  its text, escaped
 *   {{{name}}}                its text as it is: HTML or CSS of our own
 *   {{#name}} ... {{/name}}   left out when `name` has no text
 */
#ifndef SANDBOX_HTML_TEMPLATE_H
#define SANDBOX_HTML_TEMPLATE_H
#include "mem.h"

struct html_value {
    const char *name, *text; /* text NULL: none */
};
/* `values` end with {0}. A name that is not among them is a bug and aborts. */
void html_fill(struct wr_buf *out, const char *template, const struct html_value values[]);
void html_escape(struct wr_buf *out, const char *text);

#endif
