#include "order_view.h"

static const struct wr_json_field fields[] = {
    WR_FIELD_TEXT(struct wr_order_view, order_id, "order_id", true),
    WR_FIELD_TEXT(struct wr_order_view, sale, "sale", true),
    WR_FIELD_TEXT(struct wr_order_view, sku, "sku", true),
    WR_FIELD_TEXT(struct wr_order_view, shopper, "shopper", true),
    WR_FIELD_TEXT(struct wr_order_view, jti, "jti", true),
    WR_FIELD_TEXT(struct wr_order_view, status, "status", true),
    WR_FIELD_TEXT(struct wr_order_view, payment_url, "payment_url", false),
    WR_FIELD_TEXT(struct wr_order_view, reason, "reason", false),
    WR_FIELD_INT(struct wr_order_view, quantity, "quantity", true, 0, 0),
    WR_FIELD_INT(struct wr_order_view, event, "event", true, 0, 0),
    WR_FIELD_INT(struct wr_order_view, expires_at, "expires_at", false, 0, 0),
    {0},
};

enum wr_err wr_order_view_read(struct wr_order_view *out, const char *record, size_t len, char why[160])
{
    struct wr_json *root;
    *out = (struct wr_order_view){0};
    enum wr_err err = wr_json_parse(&root, record, len, why);
    if (err)
        return err;
    err = wr_json_decode(root, fields, out, why);
    wr_json_free(root);
    return err;
}

struct wr_json *wr_order_view_json(const struct wr_order_view *view)
{
    struct wr_json *out = wr_json_build("{s:s, s:s, s:s, s:I, s:s, s:I}", "queue_ticket_id", view->order_id,
                                        "sale", view->sale, "sku", view->sku, "quantity", view->quantity,
                                        "status", view->status, "event", view->event);
    if (view->payment_url[0])
        wr_json_set(out, "payment_url", wr_json_build("s", view->payment_url));
    if (view->expires_at)
        wr_json_set(out, "expires_at", wr_json_build("I", view->expires_at));
    if (view->reason[0])
        wr_json_set(out, "reason", wr_json_build("s", view->reason));
    return out;
}
