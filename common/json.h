/* json.h - strict JSON in and out. Owns jansson.
 *
 * Reading: no duplicate names, valid UTF-8, one object, at most the length the caller allows. A shape (table
 * of fields) decodes into a plain struct: a wrong type or a missing required field is WR_ERR_INVALID and
 * names the field; unknown fields are ignored. Writing: build a tree, render it once; nothing else may print
 * JSON. */
#ifndef WR_JSON_H
#define WR_JSON_H
#include "err.h"
#include "mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_json; /* one value; trees own their children */

/* WR_ERR_MALFORMED with a sentence in `why` (may be NULL). The result is an object or an array. */
enum wr_err wr_json_parse(struct wr_json **out, const char *text, size_t len, char why[160]) WR_MUST_CHECK;
void wr_json_free(struct wr_json *v);

enum wr_json_type { WR_JSON_TEXT, WR_JSON_INT, WR_JSON_BOOL, WR_JSON_ANY };
struct wr_json_field {
    const char *name;
    enum wr_json_type type;
    size_t offset; /* TEXT: char[cap]; INT: int64_t; BOOL: bool; ANY: const struct wr_json * (borrowed) */
    size_t cap;    /* TEXT: bytes with NUL; longer text is WR_ERR_INVALID. `null` counts as absent */
    bool required;
    int64_t min, max; /* INT: accepted range when max > min; TEXT: least length in min */
};
#define WR_FIELD_TEXT(s, f, name_, required_)                                                                \
    {                                                                                                        \
        .name = name_, .type = WR_JSON_TEXT, .offset = offsetof(s, f), .cap = sizeof(((s *)0)->f),           \
        .required = required_                                                                                \
    }
#define WR_FIELD_INT(s, f, name_, required_, min_, max_)                                                     \
    {                                                                                                        \
        .name = name_, .type = WR_JSON_INT, .offset = offsetof(s, f), .required = required_, .min = min_,    \
        .max = max_                                                                                          \
    }
#define WR_FIELD_BOOL(s, f, name_, required_)                                                                \
    {                                                                                                        \
        .name = name_, .type = WR_JSON_BOOL, .offset = offsetof(s, f), .required = required_                 \
    }
#define WR_FIELD_ANY(s, f, name_, required_)                                                                 \
    {                                                                                                        \
        .name = name_, .type = WR_JSON_ANY, .offset = offsetof(s, f), .required = required_                  \
    }
/* Fields absent from `v` leave what `out` held (set defaults first). Terminate `fields` with {0}. */
enum wr_err wr_json_decode(const struct wr_json *v, const struct wr_json_field *fields, void *out,
                           char why[160]) WR_MUST_CHECK;

/* Looking inside; all return NULL / 0 / fallback when absent or of another type. */
const struct wr_json *wr_json_get(const struct wr_json *object, const char *name);
bool wr_json_is_array(const struct wr_json *v);                   /* false for NULL */
const char *wr_json_name(const struct wr_json *object, size_t i); /* of its i-th member, in the order given */
size_t wr_json_count(const struct wr_json *array);
const struct wr_json *wr_json_at(const struct wr_json *array, size_t i);
const char *wr_json_text(const struct wr_json *v);
int64_t wr_json_int(const struct wr_json *v, int64_t fallback);

/* Building. `fmt` is jansson's pack format ("{s:s, s:I, s:o}"); `o` takes ownership of a struct wr_json *.
 * Integers: `I` with int64_t (cast), `i` with int. Aborts on a wrong format, which is a bug. Texts that may
 * not be UTF-8 go in as wr_json_bytes() with `o`; as `s` they are logged and the whole value becomes an empty
 * object. */
struct wr_json *wr_json_build(const char *fmt, ...);
struct wr_json *wr_json_bytes(const void *bytes, size_t len); /* a text; what is not UTF-8 becomes U+FFFD */
void wr_json_append(struct wr_json *array, struct wr_json *owned);
void wr_json_set(struct wr_json *object, const char *name, struct wr_json *owned);
/* Compact, names in the order they were given, appended to `out`. */
void wr_json_render(const struct wr_json *v, struct wr_buf *out);

const char *wr_json_version(void);

#endif
