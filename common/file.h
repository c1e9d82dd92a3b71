/* file.h - small files: read whole, written whole (a reader sees the old or the new one, never a part), and
 * the secrets in them. Errors are logged here, with the file's name and never its content. */
#ifndef WR_FILE_H
#define WR_FILE_H
#include "err.h"
#include "mem.h"
#include <stddef.h>

/* Appends the content. WR_ERR_NOT_FOUND; WR_ERR_TOO_LARGE past `max`; WR_ERR_BACKEND when it cannot be read.
 */
enum wr_err wr_file_read(struct wr_buf *out, const char *path, size_t max) WR_MUST_CHECK;
/* Through a temporary file beside it, synced, renamed. */
enum wr_err wr_file_replace(const char *path, const void *bytes, size_t len, unsigned mode) WR_MUST_CHECK;

/* One secret on one line, without its line end; empty, several lines or past 4,096 bytes: WR_ERR_INVALID. */
enum wr_err wr_secret_file_read(struct wr_buf *out, const char *path) WR_MUST_CHECK;
/* Exactly `len` bytes as hex digits. */
enum wr_err wr_secret_file_hex(void *out, size_t len, const char *path) WR_MUST_CHECK;

#endif
