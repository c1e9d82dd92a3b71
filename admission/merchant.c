#include "merchant.h"
#include <string.h>

bool merchant_allowed(const struct admissiond *d, struct wr_request *req)
{
    static const char scheme[] = "Bearer ";
    const char *given = wr_request_header(req, WR_HEADER_AUTHORIZATION);
    given = given && strncasecmp(given, scheme, sizeof scheme - 1) == 0 ? given + sizeof scheme - 1 : "";
    uint8_t theirs[32], ours[32]; /* digests have one length: the key's own does not show in the time */
    wr_sha256(given, strlen(given), theirs);
    wr_sha256(d->merchant_key.at, d->merchant_key.len, ours);
    if (wr_equal(theirs, ours, sizeof ours))
        return true;
    wr_answer_problem(req, WR_ERR_UNAUTHENTICATED, "Send the merchant key: Authorization: Bearer <key>.", 0);
    return false;
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
