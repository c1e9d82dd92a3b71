/* scan.h - single values out of a JSON object, without building a tree: what a crowd can afford per message.
 * Pure.
 *
 * Only names of the outermost object are found. The text is trusted to be JSON as far as it is looked at. */
#ifndef BENCH_SCAN_H
#define BENCH_SCAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string without escapes other than \/ ; false when absent, of another type, escaped, or too long for
 * `cap`. */
bool scan_text(const char *json, size_t len, const char *name, char *out, size_t cap);
/* An integer (fractions are cut); false when absent or of another type. */
bool scan_int(const char *json, size_t len, const char *name, int64_t *out);
bool scan_true(const char *json, size_t len, const char *name); /* present and `true` */

#endif
