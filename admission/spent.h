/* spent.h - the places that had their turn, one bit each, as Redis counts bits: place p is bit 7 - p % 8 of
 * byte p / 8. Between Redis and PostgreSQL the bitmap travels as hex. Bits are only ever added. Pure. */
#ifndef ADMISSION_SPENT_H
#define ADMISSION_SPENT_H
#include "mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPENT_PLACES_MAX ((uint64_t)1 << 27) /* 16 MiB of bits */

void spent_add(struct wr_buf *bits, uint64_t place); /* grows as needed; a place past the limit is ignored */
void spent_or(struct wr_buf *bits, const void *other, size_t len);
bool spent_or_hex(struct wr_buf *bits, const char *hex); /* false: not hex; bits stay as they were */
void spent_hex(const struct wr_buf *bits, struct wr_buf *out);

#endif
