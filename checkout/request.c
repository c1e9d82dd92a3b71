#include "request.h"
#include "browser.h"
#include "crypto.h"
#include <stdio.h>
#include <string.h>

bool idempotency_key_valid(const char *key)
{
    size_t len = 0;
    for (; key[len]; len++)
        if (len >= KEY_MOST || key[len] <= ' ' || key[len] > '~')
            return false;
    return len >= KEY_LEAST;
}

enum wr_err request_order(struct checkoutd *d, const struct wr_request *req, char shopper[WR_SHOPPER_LEN + 1],
                          char order_id[WR_UUID_LEN + 1], const char **sale)
{
    const char *id = wr_request_param(req, "queue_ticket_id");
    *sale = wr_request_query(req, "sale");
    if (!wr_browser_shopper(d->http, req, shopper))
        return WR_ERR_UNAUTHENTICATED;
    if (!wr_uuid_valid(id, strlen(id)) || (*sale && !wr_sale_valid(*sale, strlen(*sale))))
        return WR_ERR_NOT_FOUND;
    memcpy(order_id, id, WR_UUID_LEN + 1);
    return WR_OK;
}

static const struct wr_json_field body_fields[] = {
    WR_FIELD_TEXT(struct purchase, sku, "sku", true),
    WR_FIELD_INT(struct purchase, quantity, "quantity", true, 1, QUANTITY_MOST),
    {0},
};

bool purchase_read(struct checkoutd *d, struct wr_request *req, struct purchase *out)
{
    *out = (struct purchase){0};
    struct wr_json *body = wr_request_json(req);
    if (!body)
        return false;
    char why[160];
    enum wr_err err = wr_json_decode(body, body_fields, out, why);
    wr_json_free(body);
    if (err) {
        wr_answer_problem(req, err, why, 0);
        return false;
    }
    const char *key = wr_request_header(req, WR_HEADER_IDEMPOTENCY_KEY), *detail = NULL;
    const char *retry = wr_request_header(req, WR_HEADER_IDEMPOTENCY_RETRY);
    out->token = wr_request_credential(req, "Bearer");
    out->retry = retry && strcmp(retry, "1") == 0;
    if (!key || !idempotency_key_valid(key)) {
        err = WR_ERR_KEY_MISSING;
    } else if (!out->token) {
        err = WR_ERR_UNAUTHENTICATED;
        detail = "Bring the admission token: Authorization: Bearer <token>.";
    } else {
        wr_copy_text(out->key, sizeof out->key, key, strlen(key));
        err = wr_browser_shopper(d->http, req, out->shopper) ? WR_OK : WR_ERR_UNAUTHENTICATED;
        detail =
            "Bring the secret of the browser that was admitted: its cookie, or the header Waitroom-Secret.";
    }
    if (err)
        wr_answer_problem(req, err, detail, 0);
    return !err;
}

void purchase_hash(const struct purchase *p, char out[33])
{
    char text[WR_SKU_LEN + 32];
    uint8_t digest[32];
    int len = snprintf(text, sizeof text, "%s|%lld", p->sku, (long long)p->quantity);
    wr_sha256(text, (size_t)len, digest);
    wr_hex(digest, 16, out);
}
