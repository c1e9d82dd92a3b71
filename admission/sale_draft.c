#include "sale_draft.h"
#include "id.h"
#include <stdio.h>
#include <string.h>

#define WALL_MAX 4102444800000     /* 2100-01-01 */
#define UNIT_PRICE_MAX 99999999999 /* eleven digits: what a payment provider takes */
#define TEXT(s, f, name_, required_, least_)                                                                 \
    {                                                                                                        \
        .name = name_, .type = WR_JSON_TEXT, .offset = offsetof(s, f), .cap = sizeof(((s *)0)->f),           \
        .required = required_, .min = least_                                                                 \
    }

static const struct wr_json_field sale_fields[] = {
    TEXT(struct sale_draft, id, "id", true, 1),
    TEXT(struct sale_draft, title, "title", true, 1),
    TEXT(struct sale_draft, description, "description", false, 0),
    TEXT(struct sale_draft, image_url, "image_url", false, 0),
    TEXT(struct sale_draft, currency, "currency", true, 3),
    TEXT(struct sale_draft, checkout_url, "checkout_url", false, 0),
    WR_FIELD_INT(struct sale_draft, starts_at, "starts_at", true, 1, WALL_MAX),
    WR_FIELD_INT(struct sale_draft, ends_at, "ends_at", true, 1, WALL_MAX),
    WR_FIELD_INT(struct sale_draft, rate_per_minute, "rate_per_minute", true, 0, 6000000),
    WR_FIELD_INT(struct sale_draft, burst_ms, "burst_ms", false, 300, 1000),
    WR_FIELD_INT(struct sale_draft, cap, "cap", false, 0, 100000000),
    WR_FIELD_INT(struct sale_draft, factor_percent, "factor_percent", false, 100, 100000),
    WR_FIELD_INT(struct sale_draft, admission_s, "admission_s", false, 10, 86400),
    WR_FIELD_INT(struct sale_draft, away_limit_s, "away_limit_s", false, 10, 86400),
    WR_FIELD_INT(struct sale_draft, hold_s, "hold_s", false, 2, 86400),
    WR_FIELD_INT(struct sale_draft, per_shopper, "per_shopper", false, 1, 1000),
    WR_FIELD_ANY(struct sale_draft, skus_given, "skus", true),
    {0},
};
static const struct wr_json_field sku_fields[] = {
    TEXT(struct draft_sku, sku, "sku", true, 1),
    TEXT(struct draft_sku, name, "name", true, 1),
    WR_FIELD_INT(struct draft_sku, unit_price, "unit_price", true, 0, UNIT_PRICE_MAX),
    WR_FIELD_INT(struct draft_sku, total, "total", true, 0, 1000000000),
    {0},
};

static enum wr_err refuse(char why[160], const char *sentence)
{
    snprintf(why, 160, "%s", sentence);
    return WR_ERR_INVALID;
}

static bool all_of(const char *text, const char *set)
{
    return text[strspn(text, set)] == '\0';
}

#define HTTP "http://"
#define HTTPS "https://"
static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Where a browser may be sent: nothing, a path of this site, or http(s). */
static bool url_good(const char *url)
{
    if (url[0] == '\0')
        return true;
    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c))
            return false;
    return (url[0] == '/' && url[1] != '/') || begins(url, HTTPS) || begins(url, HTTP);
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
static bool sku_good(const char *sku)
{
    return all_of(sku, LETTERS "abcdefghijklmnopqrstuvwxyz0123456789._-") && !strchr("._-", sku[0]);
}

static enum wr_err read_sku(const struct wr_json *given, struct sale_draft *out, char why[160])
{
    struct draft_sku *sku = &out->skus[out->sku_count];
    char inner[160];
    enum wr_err err = wr_json_decode(given, sku_fields, sku, inner);
    if (err != WR_OK) {
        snprintf(why, 160, "skus[%zu].%.140s", out->sku_count, inner);
        return err;
    }
    if (!sku_good(sku->sku))
        return refuse(
            why, "skus: sku is 1 to 40 letters, digits, '.', '_' or '-', and begins with a letter or digit.");
    for (size_t i = 0; i < out->sku_count; i++)
        if (strcmp(out->skus[i].sku, sku->sku) == 0)
            return refuse(why, "skus: every sku only once.");
    out->sku_count++;
    return WR_OK;
}

static enum wr_err check(const struct sale_draft *draft, int64_t now_ms, char why[160])
{
    if (!wr_sale_valid(draft->id, strlen(draft->id)))
        return refuse(why, "id: 1 to 40 lower-case letters, digits and inner '-'.");
    if (strlen(draft->currency) != 3 || !all_of(draft->currency, LETTERS))
        return refuse(why, "currency: three capital letters, as in ISO 4217.");
    if (!url_good(draft->image_url) || begins(draft->image_url, HTTP)) /* the page loads no such picture */
        return refuse(why, "image_url: an https address, or a path of this site.");
    if (!url_good(draft->checkout_url))
        return refuse(why, "checkout_url: an http or https address, or a path of this site.");
    if (draft->ends_at <= draft->starts_at)
        return refuse(why, "ends_at: later than starts_at.");
    if (draft->ends_at <= now_ms)
        return refuse(why, "ends_at: in the future.");
    return WR_OK;
}

enum wr_err sale_draft_read(const struct wr_json *body, int64_t now_ms, struct sale_draft *out, char why[160])
{
    memset(out, 0, sizeof *out);
    out->burst_ms = 500;
    out->factor_percent = 100;
    out->admission_s = out->away_limit_s = out->hold_s = 600;
    out->per_shopper = 1;
    enum wr_err err = wr_json_decode(body, sale_fields, out, why);
    if (err == WR_OK)
        err = check(out, now_ms, why);
    size_t given = err == WR_OK ? wr_json_count(out->skus_given) : 0;
    if (err == WR_OK && (!wr_json_is_array(out->skus_given) || given > WR_SKUS_MAX))
        err = refuse(why, "skus: an array of at most 64 articles; an empty one sells nothing of ours.");
    for (size_t i = 0; err == WR_OK && i < given; i++)
        err = read_sku(wr_json_at(out->skus_given, i), out, why);
    out->skus_given = NULL;
    return err;
}

struct wr_json *sale_draft_json(const struct sale_draft *draft)
{
    struct wr_json *skus = wr_json_build("[]");
    for (size_t i = 0; i < draft->sku_count; i++) {
        const struct draft_sku *sku = &draft->skus[i];
        wr_json_append(skus, wr_json_build("{s:s, s:s, s:I, s:I}", "sku", sku->sku, "name", sku->name,
                                           "unit_price", sku->unit_price, "total", sku->total));
    }
    return wr_json_build(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "id",
        draft->id, "title", draft->title, "description", draft->description, "image_url", draft->image_url,
        "currency", draft->currency, "checkout_url", draft->checkout_url, "starts_at", draft->starts_at,
        "ends_at", draft->ends_at, "rate_per_minute", draft->rate_per_minute, "burst_ms", draft->burst_ms,
        "cap", draft->cap, "factor_percent", draft->factor_percent, "admission_s", draft->admission_s,
        "away_limit_s", draft->away_limit_s, "hold_s", draft->hold_s, "per_shopper", draft->per_shopper,
        "skus", skus);
}
