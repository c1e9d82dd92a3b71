#include "sale.h"
#include "clock.h"
#include <stdlib.h>
#include <string.h>

struct document {
    char id[WR_SALE_LEN + 1];
    int64_t run, deal, version, starts_at, ends_at, admission_s, shards;
    const struct wr_json *skus;
};
static const struct wr_json_field fields[] = {
    WR_FIELD_TEXT(struct document, id, "id", true),
    WR_FIELD_INT(struct document, run, "run", true, 0, 0),
    WR_FIELD_INT(struct document, deal, "deal", true, 0, 0),
    WR_FIELD_INT(struct document, version, "version", true, 0, 0),
    WR_FIELD_INT(struct document, starts_at, "starts_at", true, 0, 0),
    WR_FIELD_INT(struct document, ends_at, "ends_at", true, 0, 0),
    WR_FIELD_INT(struct document, admission_s, "admission_s", true, 0, 0),
    WR_FIELD_INT(struct document, shards, "shards", true, 1, 1024),
    WR_FIELD_ANY(struct document, skus, "skus", true),
    {0},
};

bool sale_read_document(struct sale *sale, const struct wr_json *document)
{
    struct document d = {0};
    char why[160];
    if (wr_json_decode(document, fields, &d, why) != WR_OK)
        return false;
    memcpy(sale->id, d.id, sizeof sale->id);
    sale->run = d.run;
    sale->deal = d.deal;
    sale->version = d.version;
    sale->starts_at = d.starts_at;
    sale->ends_at = d.ends_at;
    sale->admission_s = d.admission_s;
    sale->sku_count = wr_json_count(d.skus);
    wr_buf_clear(&sale->document);
    wr_json_render(document, &sale->document);
    return true;
}

int64_t sale_now(const struct sale *sale)
{
    return wr_wall_ms() - sale->clock_out_ms;
}

bool sale_enter(struct sale *sale, enum sale_flow flow)
{
    if (sale->flows & flow)
        return false;
    sale->flows |= flow;
    return true;
}

void sale_leave(struct sale *sale, enum sale_flow flow)
{
    sale->flows &= ~(unsigned)flow;
}

void sale_free(struct sale *sale)
{
    if (!sale)
        return;
    wr_buf_free(&sale->document);
    free(sale);
}
