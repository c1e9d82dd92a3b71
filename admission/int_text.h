/* int_text.h - integers as the texts that wr_pg_query takes. INT(n) lives until the end of the block it
 * stands in. */
#ifndef ADMISSION_INT_TEXT_H
#define ADMISSION_INT_TEXT_H
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

struct int_text {
    char text[24];
};
static inline const char *int_text(struct int_text *out, int64_t n)
{
    snprintf(out->text, sizeof out->text, "%" PRId64, n);
    return out->text;
}
#define INT(n) int_text(&(struct int_text){{0}}, (n))

#endif
