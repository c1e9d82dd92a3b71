/* Any bytes as JSON: what is read can be written and read again; a shape takes or refuses it. */
#include "json.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct shape {
    char text[16];
    int64_t number;
    bool truth;
    const struct wr_json *any;
};
static const struct wr_json_field fields[] = {
    WR_FIELD_TEXT(struct shape, text, "text", true),
    WR_FIELD_INT(struct shape, number, "number", true, -5, 1000),
    WR_FIELD_BOOL(struct shape, truth, "truth", false),
    WR_FIELD_ANY(struct shape, any, "any", false),
    {0},
};

static void must_read_again(const struct wr_json *v)
{
    struct wr_buf text = {0};
    struct wr_json *again;
    wr_json_render(v, &text);
    if (wr_json_parse(&again, text.at, text.len, NULL))
        abort();
    wr_json_free(again);
    wr_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[160];
    struct wr_json *v;
    if (wr_json_parse(&v, (const char *)data, size, why) == WR_OK) {
        struct shape shape = {0};
        if (wr_json_decode(v, fields, &shape, why) == WR_OK && (shape.number < -5 || shape.number > 1000))
            abort();
        must_read_again(v);
        wr_json_free(v);
    }
    v = wr_json_build("{s:o}", "bytes", wr_json_bytes(data, size));
    must_read_again(v);
    wr_json_free(v);
    return 0;
}
