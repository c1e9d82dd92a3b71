#include "order_record.h"
#include "clock.h"
#include "keyspace.h"
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

/* CloudEvents 1.0, structured JSON. */
static void write_event(const char *sale, const char *order_id, const char *type, int64_t at,
                        struct wr_json *data, struct wr_buf *out)
{
    char id[WR_UUID_LEN + 16], source[WR_SALE_LEN + 16], time[25];
    snprintf(id, sizeof id, "%s/%s", order_id, type + strlen(WR_EVENT_PREFIX));
    snprintf(source, sizeof source, "/sales/%s", sale);
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
    write_event(t->sale, o->order_id, WR_EVENT_RESERVATION, o->reserved_at, data, out);
}

void cancel_event_write(const char *sale, const char *order_id, const char *shopper, int64_t requested_at,
                        struct wr_buf *out)
{
    struct wr_json *data = wr_json_build("{s:s, s:s, s:s, s:I}", "order_id", order_id, "sale", sale,
                                         "shopper", shopper, "requested_at", requested_at);
    write_event(sale, order_id, WR_EVENT_CANCEL, requested_at, data, out);
}

enum wr_err order_event_admission(const char *event, size_t len, struct order_admission *out)
{
    static const struct wr_json_field fields[] = {
        WR_FIELD_INT(struct order_admission, place, "place", true, 1, (int64_t)1 << 52),
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

struct wr_json *order_record_view(const char *record, size_t len, const char *shopper, enum wr_err *err)
{
    struct wr_order_view view;
    char why[160];
    *err = wr_order_view_read(&view, record, len, why) ? WR_ERR_INTERNAL : WR_OK;
    return *err || strcmp(view.shopper, shopper) != 0 ? NULL : wr_order_view_json(&view);
}
