#include "json.h"
#include "log.h"
#include "utf8.h"
#include <assert.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A struct wr_json is a json_t and nothing more; only this file knows. */
static json_t *own(struct wr_json *v)
{
    return (json_t *)v;
}

static const json_t *see(const struct wr_json *v)
{
    return (const json_t *)v;
}

static void say(char why[160], const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(char why[160], const char *fmt, ...)
{
    if (!why)
        return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, 160, fmt, args);
    va_end(args);
}

/* ---- reading ---- */

/* Our own words: jansson's quote what the client sent. */
static const char *what_is_wrong(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        return "is not valid UTF-8";
    case json_error_premature_end_of_input:
        return "ends too early";
    case json_error_end_of_input_expected:
        return "goes on after its end";
    case json_error_duplicate_key:
        return "names a field twice";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "contains a NUL character";
    case json_error_stack_overflow:
        return "is nested too deeply";
    case json_error_numeric_overflow:
        return "has a number that is too large";
    default:
        return "is not JSON";
    }
}

enum wr_err wr_json_parse(struct wr_json **out, const char *text, size_t len, char why[160])
{
    json_error_t error;
    json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    *out = (struct wr_json *)v;
    if (v)
        return WR_OK;
    say(why, "The text %s at line %d, column %d.", what_is_wrong(&error), error.line, error.column);
    return WR_ERR_MALFORMED;
}

void wr_json_free(struct wr_json *v)
{
    json_decref(own(v));
}

static enum wr_err decode_text(const json_t *v, const struct wr_json_field *f, char *to, char why[160])
{
    size_t len = json_string_length(v);
    if (!json_is_string(v)) {
        say(why, "\"%s\" must be a text.", f->name);
        return WR_ERR_INVALID;
    }
    if (len >= f->cap) {
        say(why, "\"%s\" may be at most %zu bytes long.", f->name, f->cap - 1);
        return WR_ERR_INVALID;
    }
    if (f->min == 1 && len == 0) {
        say(why, "\"%s\" must not be empty.", f->name);
        return WR_ERR_INVALID;
    }
    if (f->min > 0 && len < (size_t)f->min) {
        say(why, "\"%s\" must be at least %lld bytes long.", f->name, (long long)f->min);
        return WR_ERR_INVALID;
    }
    memcpy(to, json_string_value(v), len + 1);
    return WR_OK;
}

static enum wr_err decode_int(const json_t *v, const struct wr_json_field *f, int64_t *to, char why[160])
{
    int64_t n = json_integer_value(v);
    if (!json_is_integer(v)) {
        say(why, "\"%s\" must be a whole number.", f->name);
        return WR_ERR_INVALID;
    }
    if (f->max > f->min && (n < f->min || n > f->max)) {
        say(why, "\"%s\" must be from %lld to %lld.", f->name, (long long)f->min, (long long)f->max);
        return WR_ERR_INVALID;
    }
    *to = n;
    return WR_OK;
}

static enum wr_err decode_field(const json_t *v, const struct wr_json_field *f, void *to, char why[160])
{
    switch (f->type) {
    case WR_JSON_TEXT:
        return decode_text(v, f, to, why);
    case WR_JSON_INT:
        return decode_int(v, f, to, why);
    case WR_JSON_BOOL:
        if (!json_is_boolean(v)) {
            say(why, "\"%s\" must be true or false.", f->name);
            return WR_ERR_INVALID;
        }
        *(bool *)to = json_is_true(v);
        return WR_OK;
    case WR_JSON_ANY:
        *(const struct wr_json **)to = (const struct wr_json *)v;
        return WR_OK;
    }
    abort();
}

enum wr_err wr_json_decode(const struct wr_json *v, const struct wr_json_field *fields, void *out,
                           char why[160])
{
    if (!json_is_object(see(v))) {
        say(why, "A JSON object is expected.");
        return WR_ERR_INVALID;
    }
    for (const struct wr_json_field *f = fields; f->name; f++) {
        const json_t *value = json_object_get(see(v), f->name);
        if (!value || json_is_null(value)) {
            if (!f->required)
                continue;
            say(why, "\"%s\" is missing.", f->name);
            return WR_ERR_INVALID;
        }
        enum wr_err err = decode_field(value, f, (char *)out + f->offset, why);
        if (err)
            return err;
    }
    return WR_OK;
}

const struct wr_json *wr_json_get(const struct wr_json *object, const char *name)
{
    return (const struct wr_json *)json_object_get(see(object), name);
}

bool wr_json_is_array(const struct wr_json *v)
{
    return json_is_array(see(v));
}

const char *wr_json_name(const struct wr_json *object, size_t i)
{
    json_t *o = own((struct wr_json *)(uintptr_t)object);
    void *at = json_object_iter(o);
    while (at && i--)
        at = json_object_iter_next(o, at);
    return json_object_iter_key(at);
}

size_t wr_json_count(const struct wr_json *array)
{
    return json_array_size(see(array));
}

const struct wr_json *wr_json_at(const struct wr_json *array, size_t i)
{
    return (const struct wr_json *)json_array_get(see(array), i);
}

const char *wr_json_text(const struct wr_json *v)
{
    return json_string_value(see(v));
}

int64_t wr_json_int(const struct wr_json *v, int64_t fallback)
{
    return json_is_integer(see(v)) ? json_integer_value(see(v)) : fallback;
}

/* ---- writing ---- */

struct wr_json *wr_json_build(const char *fmt, ...)
{
    json_error_t error;
    va_list args;
    va_start(args, fmt);
    json_t *v = json_vpack_ex(&error, 0, fmt, args);
    va_end(args);
    if (v)
        return (struct wr_json *)v;
    if (json_error_code(&error) != json_error_invalid_utf8) {
        wr_error("json cannot be built", "fmt=\"%s\" what=\"%s\"", fmt, error.text);
        abort();
    }
    wr_error("json text is not utf-8", "fmt=\"%s\"", fmt);
    return (struct wr_json *)json_object();
}

struct wr_json *wr_json_bytes(const void *bytes, size_t len)
{
    const char *at = bytes;
    struct wr_buf text = {0};
    for (size_t i = 0; i < len;) {
        size_t good = at[i] ? wr_utf8_sequence(at + i, len - i) : 0; /* jansson's texts hold no NUL */
        if (good)
            wr_buf_add(&text, at + i, good);
        else
            wr_buf_text(&text, "\xEF\xBF\xBD");
        i += good ? good : 1;
    }
    json_t *v = json_stringn(text.at ? text.at : "", text.len);
    assert(v);
    wr_buf_free(&text);
    return (struct wr_json *)v;
}

void wr_json_append(struct wr_json *array, struct wr_json *owned)
{
    if (json_array_append_new(own(array), own(owned)) != 0)
        abort();
}

void wr_json_set(struct wr_json *object, const char *name, struct wr_json *owned)
{
    if (json_object_set_new(own(object), name, own(owned)) != 0)
        wr_error("json field cannot be set", "name=\"%s\"", name); /* a name that is no UTF-8 */
}

static int append(const char *bytes, size_t len, void *out)
{
    wr_buf_add(out, bytes, len);
    return 0;
}

void wr_json_render(const struct wr_json *v, struct wr_buf *out)
{
    if (json_dump_callback(see(v), append, out, JSON_COMPACT | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY) !=
        0)
        abort();
}

const char *wr_json_version(void)
{
    static char text[32];
    snprintf(text, sizeof text, "jansson %s", jansson_version_str());
    return text;
}
