#include "order_record.h"
#include "clock.h"
#include <stdio.h>
#include <string.h>

static void render(struct wr_json *owned, struct wr_buf *out)
{
    wr_json_render(owned, out);
    wr_json_free(owned);
}

void order_record_write(const struct new_order *o, struct wr_buf *out)
{
    const struct wr_token *t = o->token;
    render(wr_json_build("{s:s, s:s, s:I, s:s, s:I, s:s, s:i, s:I, s:s, s:s, s:i, s:s, s:I}", "order_id",
                         o->order_id, "sale", t->sale, "run", t->run, "sku", o->sku, "quantity", o->quantity,
                         "shopper", t->shopper, "lane", t->lane, "place", (int64_t)t->place, "jti", t->jti,
                         "status", "queued", "event", 0, "hold", "held", "reserved_at", o->reserved_at),
           out);
}

/* CloudEvents 1.0, structured JSON. `kind`: "reservation" or "cancel". */
static void write_event(const char *sale, const char *order_id, const char *kind, int64_t at,
                        struct wr_json *data, struct wr_buf *out)
{
    char id[WR_UUID_LEN + 16], source[WR_SALE_LEN + 16], type[40], time[25];
    snprintf(id, sizeof id, "%s/%s", order_id, kind);
    snprintf(source, sizeof source, "/sales/%s", sale);
    snprintf(type, sizeof type, "waitroom.%s", kind);
    wr_wall_text(at, time);
    render(wr_json_build("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id", id, "source",
                         source, "type", type, "subject", order_id, "time", time, "datacontenttype",
                         "application/json", "data", data),
           out);
}

void order_event_write(const struct new_order *o, struct wr_buf *out)
{
    const struct wr_token *t = o->token;
    struct wr_json *data =
        wr_json_build("{s:s, s:s, s:I, s:I, s:s, s:I, s:s, s:i, s:I, s:s, s:I, s:I}", "order_id", o->order_id,
                      "sale", t->sale, "run", t->run, "deal", o->deal, "sku", o->sku, "quantity", o->quantity,
                      "shopper", t->shopper, "lane", t->lane, "place", (int64_t)t->place, "jti", t->jti,
                      "granted_ms", t->granted_ms, "reserved_at", o->reserved_at);
    write_event(t->sale, o->order_id, "reservation", o->reserved_at, data, out);
}

void cancel_event_write(const char *sale, const char *order_id, const char *shopper, int64_t requested_at,
                        struct wr_buf *out)
{
    struct wr_json *data = wr_json_build("{s:s, s:s, s:s, s:I}", "order_id", order_id, "sale", sale,
                                         "shopper", shopper, "requested_at", requested_at);
    write_event(sale, order_id, "cancel", requested_at, data, out);
}

enum wr_err order_event_admission(const char *event, size_t len, struct order_admission *out)
{
    static const struct wr_json_field fields[] = {
        WR_FIELD_INT(struct order_admission, place, "place", true, 0, 0),
        WR_FIELD_TEXT(struct order_admission, jti, "jti", true),
        {0},
    };
    struct wr_json *root;
    enum wr_err err = wr_json_parse(&root, event, len, NULL);
    if (err)
        return err;
    char why[160];
    const struct wr_json *data = wr_json_get(root, "data");
    err = data ? wr_json_decode(data, fields, out, why) : WR_ERR_MALFORMED;
    wr_json_free(root);
    return err;
}

struct view {
    char order_id[WR_UUID_LEN + 1], sale[WR_SALE_LEN + 1], sku[64], shopper[WR_SHOPPER_LEN + 1],
        status[ORDER_STATUS_MAX];
    char payment_url[1024], reason[256];
    int64_t quantity, event, expires_at;
};
static const struct wr_json_field view_fields[] = {
    WR_FIELD_TEXT(struct view, order_id, "order_id", true),
    WR_FIELD_TEXT(struct view, sale, "sale", true),
    WR_FIELD_TEXT(struct view, sku, "sku", true),
    WR_FIELD_TEXT(struct view, shopper, "shopper", true),
    WR_FIELD_TEXT(struct view, status, "status", true),
    WR_FIELD_TEXT(struct view, payment_url, "payment_url", false),
    WR_FIELD_TEXT(struct view, reason, "reason", false),
    WR_FIELD_INT(struct view, quantity, "quantity", true, 0, 0),
    WR_FIELD_INT(struct view, event, "event", true, 0, 0),
    WR_FIELD_INT(struct view, expires_at, "expires_at", false, 0, 0),
    {0},
};

struct wr_json *order_record_view(const char *record, size_t len, const char *shopper, enum wr_err *err)
{
    struct view v = {0};
    char why[160];
    struct wr_json *root;
    *err = WR_ERR_INTERNAL;
    if (wr_json_parse(&root, record, len, NULL) != WR_OK)
        return NULL;
    enum wr_err shape = wr_json_decode(root, view_fields, &v, why);
    wr_json_free(root);
    if (shape)
        return NULL;
    *err = WR_OK;
    if (strcmp(v.shopper, shopper) != 0)
        return NULL;
    struct wr_json *out =
        wr_json_build("{s:s, s:s, s:s, s:I, s:s, s:I}", "queue_ticket_id", v.order_id, "sale", v.sale, "sku",
                      v.sku, "quantity", v.quantity, "status", v.status, "event", v.event);
    if (*v.payment_url)
        wr_json_set(out, "payment_url", wr_json_build("s", v.payment_url));
    if (v.expires_at)
        wr_json_set(out, "expires_at", wr_json_build("I", v.expires_at));
    if (*v.reason)
        wr_json_set(out, "reason", wr_json_build("s", v.reason));
    return out;
}
