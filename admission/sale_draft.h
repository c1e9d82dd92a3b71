/* sale_draft.h - a sale as a merchant asks for it: what is acceptable, with the field named when it is not.
 * Pure. */
#ifndef ADMISSION_SALE_DRAFT_H
#define ADMISSION_SALE_DRAFT_H
#include "err.h"
#include "json.h"
#include "sales.h"
#include <stddef.h>
#include <stdint.h>

struct draft_sku {
    char sku[WR_SKU_LEN + 1];
    char name[201];
    int64_t unit_price, total;
};
struct sale_draft {
    char id[WR_SALE_LEN + 1];
    char title[201], description[2001], image_url[301], currency[4], checkout_url[301];
    int64_t starts_at, ends_at; /* wall ms */
    int64_t rate_per_minute, burst_ms, cap, factor_percent, admission_s, away_limit_s, hold_s, per_shopper;
    const struct wr_json *skus_given; /* of the body, only while it is read */
    size_t sku_count;
    struct draft_sku skus[WR_SKUS_MAX];
};

/* WR_ERR_INVALID with "<field>: what it must be" in `why`. Fields not given get their defaults. */
enum wr_err sale_draft_read(const struct wr_json *body, int64_t now_ms, struct sale_draft *out,
                            char why[160]) WR_MUST_CHECK;
/* Every field, defaults included: two requests for the same sale have the same one. Owned by the caller. */
struct wr_json *sale_draft_json(const struct sale_draft *draft);

#endif
