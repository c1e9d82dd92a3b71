#include "merchant.h"
#include <stdio.h>
#include <string.h>

bool merchant_allowed(const struct admissiond *d, struct wr_request *req)
{
    const char *given = wr_request_credential(req, "Bearer");
    if (given && wr_secret_equal(given, d->merchant_key.at, d->merchant_key.len))
        return true;
    wr_answer_problem(req, WR_ERR_UNAUTHENTICATED, "Send the merchant key: Authorization: Bearer <key>.", 0);
    return false;
}

void merchant_actor(const struct admissiond *d, const struct wr_request *req, char out[ACTOR_MAX])
{
    char address[WR_ADDRESS_LEN];
    wr_request_client(req, d->proxies, address);
    snprintf(out, ACTOR_MAX, "merchant@%s", address);
}

const char *merchant_sale(struct wr_request *req)
{
    const char *sale = wr_request_param(req, "sale");
    if (sale && wr_sale_valid(sale, strlen(sale)))
        return sale;
    wr_answer_problem(req, WR_ERR_UNKNOWN_SALE, NULL, 0);
    return NULL;
}

bool merchant_body(struct wr_request *req, const struct wr_json_field *fields, bool optional, void *out)
{
    size_t len;
    wr_request_body(req, &len);
    if (optional && len == 0)
        return true;
    struct wr_json *body = wr_request_json(req);
    if (!body)
        return false;
    char why[160];
    enum wr_err err = wr_json_decode(body, fields, out, why);
    wr_json_free(body);
    if (err != WR_OK)
        wr_answer_problem(req, err, why, 0);
    return err == WR_OK;
}
