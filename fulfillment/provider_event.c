#include "provider_event.h"
#include <string.h>

struct envelope {
    char id[PROVIDER_ID_MAX], type[80];
    const struct wr_json *data;
};
static const struct wr_json_field envelope_fields[] = {
    WR_FIELD_TEXT(struct envelope, id, "id", true),
    WR_FIELD_TEXT(struct envelope, type, "type", true),
    WR_FIELD_ANY(struct envelope, data, "data", true),
    {0},
};

static enum provider_news news_of(const char *type, const struct wr_json *session)
{
    const char *status = wr_json_text(wr_json_get(session, "payment_status"));
    if (strcmp(type, "checkout.session.expired") == 0)
        return NEWS_SESSION_OVER;
    if (strcmp(type, "checkout.session.async_payment_failed") == 0)
        return NEWS_NOT_PAID;
    bool over = strcmp(type, "checkout.session.completed") == 0 ||
                strcmp(type, "checkout.session.async_payment_succeeded") == 0;
    return over && status && provider_is_paid(status) ? NEWS_PAID : NEWS_OTHER;
}

enum wr_err provider_event_decode(const struct wr_json *json, struct provider_event *out)
{
    struct envelope envelope = {0};
    enum wr_err err = wr_json_decode(json, envelope_fields, &envelope, NULL);
    const struct wr_json *session = wr_json_get(envelope.data, "object");
    if (err || !envelope.id[0] || !session)
        return WR_ERR_INVALID;
    *out = (struct provider_event){.news = news_of(envelope.type, session)};
    memcpy(out->id, envelope.id, sizeof out->id);
    memcpy(out->type, envelope.type, sizeof out->type);
    provider_text_copy(out->session_id, sizeof out->session_id, session, "id");
    provider_text_copy(out->order_id, sizeof out->order_id, session, "client_reference_id");
    provider_money_read(session, &out->money);
    return WR_OK;
}
