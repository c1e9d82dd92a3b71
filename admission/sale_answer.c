#include "sale_answer.h"
#include <string.h>

static void set_int(struct wr_json *sale, const char *name, int64_t value)
{
    wr_json_set(sale, name, wr_json_build("I", value));
}

struct wr_json *sale_answer(const struct wr_rows *rows, size_t row)
{
    const char *document = wr_rows_text(rows, row, "document");
    struct wr_json *sale;
    if (wr_json_parse(&sale, document, strlen(document), NULL) != WR_OK)
        sale = wr_json_build("{}");
    wr_json_set(sale, "phase", wr_json_build("s", wr_rows_text(rows, row, "phase")));
    wr_json_set(sale, "mode", wr_json_build("s", wr_rows_text(rows, row, "mode")));
    wr_json_set(sale, "message", wr_json_build("s", wr_rows_text(rows, row, "message")));
    set_int(sale, "rate_per_minute", wr_rows_int(rows, row, "rate_per_minute"));
    set_int(sale, "burst_ms", wr_rows_int(rows, row, "burst_ms"));
    set_int(sale, "cap", wr_rows_int(rows, row, "cap"));
    set_int(sale, "factor_percent", wr_rows_int(rows, row, "factor_percent"));
    set_int(sale, "away_limit_s", wr_rows_int(rows, row, "away_limit_s"));
    return sale;
}
