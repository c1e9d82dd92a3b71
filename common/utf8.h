/* utf8.h - whether bytes are UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF). Pure. */
#ifndef WR_UTF8_H
#define WR_UTF8_H
#include <stdbool.h>
#include <stddef.h>

bool wr_utf8_valid(const char *text, size_t len);

#endif
