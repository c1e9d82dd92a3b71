/* utf8.h - whether bytes are UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF). Pure. */
#ifndef WR_UTF8_H
#define WR_UTF8_H
#include <stdbool.h>
#include <stddef.h>

/* Length of the well-formed sequence that `text` begins with, of `left` > 0 bytes; 0: there is none. */
size_t wr_utf8_sequence(const char *text, size_t left);
bool wr_utf8_valid(const char *text, size_t len);

#endif
