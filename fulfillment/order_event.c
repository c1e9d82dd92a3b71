#include "order_event.h"
#include "json.h"
#include "keyspace.h"
#include <stdio.h>
#include <string.h>

#define WALL_MS_MAX INT64_C(32503680000000) /* the year 3000 */

struct envelope {
    char specversion[8], type[40], subject[WR_UUID_LEN + 1];
    const struct wr_json *data;
};
static const struct wr_json_field envelope_fields[] = {
    WR_FIELD_TEXT(struct envelope, specversion, "specversion", true),
    WR_FIELD_TEXT(struct envelope, type, "type", true),
    WR_FIELD_TEXT(struct envelope, subject, "subject", true),
    WR_FIELD_ANY(struct envelope, data, "data", true),
    {0},
};
static const struct wr_json_field reservation_fields[] = {
    WR_FIELD_TEXT(struct order_event, order_id, "order_id", true),
    WR_FIELD_TEXT(struct order_event, sale, "sale", true),
    WR_FIELD_TEXT(struct order_event, shopper, "shopper", true),
    WR_FIELD_TEXT(struct order_event, sku, "sku", true),
    WR_FIELD_TEXT(struct order_event, jti, "jti", true),
    WR_FIELD_INT(struct order_event, run, "run", true, 1, INT64_MAX),
    WR_FIELD_INT(struct order_event, deal, "deal", true, 1, INT64_MAX),
    WR_FIELD_INT(struct order_event, quantity, "quantity", true, 1, 1000000),
    WR_FIELD_INT(struct order_event, lane, "lane", true, 0, INT32_MAX),
    WR_FIELD_INT(struct order_event, place, "place", true, 1, INT64_MAX),
    WR_FIELD_INT(struct order_event, granted_ms, "granted_ms", true, 0, WALL_MS_MAX),
    WR_FIELD_INT(struct order_event, at_ms, "reserved_at", true, 0, WALL_MS_MAX),
    {0},
};
static const struct wr_json_field cancel_fields[] = {
    WR_FIELD_TEXT(struct order_event, order_id, "order_id", true),
    WR_FIELD_TEXT(struct order_event, sale, "sale", true),
    WR_FIELD_TEXT(struct order_event, shopper, "shopper", true),
    WR_FIELD_INT(struct order_event, at_ms, "requested_at", true, 0, WALL_MS_MAX),
    {0},
};
static const struct {
    const char *type;
    enum order_event_kind kind;
    const struct wr_json_field *fields;
} kinds[] = {
    {WR_EVENT_RESERVATION, EVENT_RESERVATION, reservation_fields},
    {WR_EVENT_CANCEL, EVENT_CANCEL, cancel_fields},
};

static enum wr_err refuse(char why[EVENT_WHY_MAX], const char *sentence)
{
    snprintf(why, EVENT_WHY_MAX, "%s", sentence);
    return WR_ERR_INVALID;
}

static enum wr_err check_names(const struct order_event *e, const char *subject, char why[EVENT_WHY_MAX])
{
    if (!wr_uuid_valid(e->order_id, strlen(e->order_id)))
        return refuse(why, "order_id is not a UUID");
    if (strcmp(subject, e->order_id) != 0)
        return refuse(why, "subject and order_id differ");
    if (!wr_sale_valid(e->sale, strlen(e->sale)))
        return refuse(why, "sale is not the id of a sale");
    if (!wr_shopper_valid(e->shopper, strlen(e->shopper)))
        return refuse(why, "shopper is not a shopper's id");
    if (e->kind == EVENT_RESERVATION && (!e->sku[0] || !e->jti[0]))
        return refuse(why, "sku or jti is empty");
    return WR_OK;
}

static enum wr_err decode(const struct wr_json *json, struct order_event *out, char why[EVENT_WHY_MAX])
{
    struct envelope envelope = {0};
    enum wr_err err = wr_json_decode(json, envelope_fields, &envelope, why);
    if (err)
        return err;
    if (strcmp(envelope.specversion, "1.0") != 0)
        return refuse(why, "specversion is not 1.0");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(envelope.type, kinds[i].type) != 0)
            continue;
        *out = (struct order_event){.kind = kinds[i].kind};
        err = wr_json_decode(envelope.data, kinds[i].fields, out, why);
        return err ? err : check_names(out, envelope.subject, why);
    }
    return refuse(why, "type is not known");
}

enum wr_err order_event_decode(const char *text, size_t len, struct order_event *out, char why[EVENT_WHY_MAX])
{
    struct wr_json *json;
    enum wr_err err = wr_json_parse(&json, text, len, why);
    if (err)
        return err;
    err = decode(json, out, why);
    wr_json_free(json);
    return err;
}
