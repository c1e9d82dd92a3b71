#include "api.h"
#include "metrics.h"
#include "session_json.h"

bool api_authorized(struct sandboxd *d, struct wr_request *req)
{
    const char *given = wr_request_credential(req, "Bearer");
    if (given && wr_secret_equal(given, d->key.at, d->key.len))
        return true;
    api_error(req, 401, "invalid_request_error", NULL,
              "Invalid API key provided. Send it as Authorization: Bearer.");
    return false;
}

/* Stripe's statuses are coarser than our problems: counted is the nearest. */
static enum wr_err counted_as(int status)
{
    switch (status) {
    case 400:
        return WR_ERR_INVALID;
    case 401:
        return WR_ERR_UNAUTHENTICATED;
    case 404:
        return WR_ERR_NOT_FOUND;
    default:
        return WR_ERR_BACKEND;
    }
}

void api_error(struct wr_request *req, int status, const char *type, const char *code, const char *message)
{
    wr_metrics_refusal(counted_as(status));
    wr_answer_json(req, status, error_json(type, code, message));
}

void api_missing(struct wr_request *req)
{
    api_error(req, 404, "invalid_request_error", "resource_missing", "No such checkout session.");
}

void api_failed(struct wr_request *req, enum wr_err err)
{
    if (err == WR_ERR_INVALID)
        api_error(req, 400, "invalid_request_error", "parameter_invalid", "A value is not acceptable.");
    else
        api_error(req, 503, "api_error", NULL,
                  "The provider cannot tell at the moment. Try again with the same Idempotency-Key.");
}
