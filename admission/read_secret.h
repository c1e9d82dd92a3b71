/* read_secret.h - a secret out of a file: its first line, without the end of line. Logged and WR_ERR_INVALID when it is
 * unreadable or its length is not between `least` and `most`. The caller owns `*out`. */
#ifndef ADMISSION_READ_SECRET_H
#define ADMISSION_READ_SECRET_H
#include "err.h"
#include <stddef.h>

enum wr_err read_secret(const char *path, size_t least, size_t most, char **out) WR_MUST_CHECK;

#endif
