#include "provider_answer.h"
#include "log.h"
#include "mem.h"
#include <string.h>
#include <strings.h>

void provider_text_copy(char *out, size_t cap, const struct wr_json *object, const char *name)
{
    const char *text = wr_json_text(wr_json_get(object, name));
    if (text && !wr_copy_text(out, cap, text, strlen(text)))
        wr_warn("the provider's value is too long", "name=%s", name);
}

void provider_money_read(const struct wr_json *session, struct provider_money *out)
{
    out->amount = wr_json_int(wr_json_get(session, "amount_total"), -1);
    provider_text_copy(out->currency, sizeof out->currency, session, "currency");
}

/* The provider's currencies are lower case, ours upper case. */
bool provider_money_is(const struct provider_money *money, const struct provider_money *expected)
{
    return money->amount == expected->amount && strcasecmp(money->currency, expected->currency) == 0;
}

void provider_answer_read(struct provider_answer *out, int status, const char *body, size_t len)
{
    struct wr_json *json;
    *out = (struct provider_answer){.status = status, .money.amount = -1};
    if (wr_json_parse(&json, body, len, NULL) != WR_OK)
        return;
    const struct wr_json *error = wr_json_get(json, "error");
    out->understood = true;
    out->error = wr_json_name(error, 0);
    provider_text_copy(out->id, sizeof out->id, json, "id");
    provider_text_copy(out->url, sizeof out->url, json, "url");
    provider_text_copy(out->state, sizeof out->state, json, "status");
    provider_text_copy(out->payment, sizeof out->payment, json, "payment_intent");
    provider_text_copy(out->payment_status, sizeof out->payment_status, json, "payment_status");
    provider_text_copy(out->error_type, sizeof out->error_type, error, "type");
    provider_text_copy(out->error_code, sizeof out->error_code, error, "code");
    provider_money_read(json, &out->money);
    wr_json_free(json);
}

enum answer_verdict provider_answer_verdict(const struct provider_answer *answer)
{
    int status = answer->status;
    if (status >= 200 && status < 300)
        return answer->understood && !answer->error ? ANSWER_DONE : ANSWER_LATER;
    if (!answer->error)
        return ANSWER_LATER;
    if (status == 404 && strcmp(answer->error_code, "resource_missing") == 0)
        return ANSWER_MISSING;
    /* The same key with other parameters: it is not known what became of the request that came first. */
    bool refused = (status == 400 || status == 402 || status == 422) &&
                   strcmp(answer->error_type, "idempotency_error") != 0;
    return refused ? ANSWER_REFUSED : ANSWER_LATER;
}

bool provider_answer_is_its_own(const struct provider_answer *answer)
{
    int status = answer->status;
    if (status >= 200 && status < 300)
        return answer->understood;
    return answer->error &&
           (status == 400 || status == 402 || status == 404 || status == 409 || status == 422);
}

bool provider_is_paid(const char *payment_status)
{
    return strcmp(payment_status, "paid") == 0 || strcmp(payment_status, "no_payment_required") == 0;
}
