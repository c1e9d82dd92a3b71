/* payment_provider.c
 *
 *   start() --HTTP--> on_answer() --read by the call's own step--> finish()
 *                         ^                      |
 *                         +---- a second request-+   (closing looks the session up; refunding needs its
 * payment)
 */
#include "payment_provider.h"
#include "clock.h"
#include "file.h"
#include "http_client.h"
#include "log.h"
#include "measures.h"
#include "mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAILURES_MAX = 5,
    PAUSE_MS = 500,
    PAUSE_MAX_MS = 15000,
};

struct provider {
    struct wr_loop *loop;
    struct wr_http_client *http;
    struct breaker breaker;
    struct wr_buf authorization;
    char *url, *public_url;
    int in_flight, in_flight_max, deadline_ms;
};

struct answer { /* what of the provider's JSON matters here */
    int status;
    char id[PROVIDER_ID_MAX], url[PROVIDER_URL_MAX], payment[PROVIDER_ID_MAX];
    char state[24], payment_status[32], error_code[64];
};
struct call;
typedef void read_answer(struct call *call, const struct answer *answer);
struct call {
    struct provider *provider;
    provider_done *done;
    void *ctx;
    read_answer *read;
    uint64_t started_us;
    char session_id[PROVIDER_ID_MAX], order_id[80];
};

static void start(struct call *call, const char *method, const char *path, const char *key,
                  struct wr_buf *form, read_answer *read);
static void on_answer(void *ctx, enum wr_err err, int status, const char *body, size_t len);
static void finish(struct call *call, enum provider_outcome outcome, const char *session_id, const char *url);

/* ---- life ---- */

enum wr_err provider_open(struct provider **out, struct wr_loop *loop, const struct provider_config *config)
{
    struct provider *p = wr_alloc(sizeof *p);
    struct wr_buf key = {0};
    *out = NULL;
    enum wr_err err = wr_secret_file_read(&key, config->key_file);
    if (!err)
        err = wr_http_client_open(&p->http, loop, config->in_flight_max);
    if (err) {
        wr_buf_free(&key);
        free(p);
        return err;
    }
    wr_buf_printf(&p->authorization, "Authorization: Bearer %s", key.at);
    wr_buf_free(&key);
    p->loop = loop;
    p->url = wr_strdup(config->url);
    p->public_url = wr_strdup(config->public_url);
    p->in_flight_max = config->in_flight_max;
    p->deadline_ms = config->deadline_ms;
    breaker_init(&p->breaker, FAILURES_MAX, PAUSE_MS, PAUSE_MAX_MS);
    *out = p;
    return WR_OK;
}

void provider_close(struct provider *p)
{
    if (!p)
        return;
    wr_http_client_close(p->http);
    wr_buf_free(&p->authorization);
    free(p->url);
    free(p->public_url);
    free(p);
}

int provider_room(struct provider *p)
{
    if (p->breaker.state == BREAKER_CLOSED)
        return p->in_flight_max - p->in_flight;
    bool waiting = p->breaker.state == BREAKER_OPEN && wr_mono_ms() < p->breaker.until_ms;
    return waiting || p->breaker.probing ? 0 : 1;
}

enum breaker_state provider_breaker(const struct provider *p)
{
    return p->breaker.state;
}

/* ---- one request ---- */

static struct call *new_call(struct provider *p, provider_done *done, void *ctx)
{
    struct call *call = wr_alloc(sizeof *call);
    *call = (struct call){.provider = p, .done = done, .ctx = ctx};
    p->in_flight++;
    return call;
}

static void not_now(void *ctx)
{
    finish(ctx, PROVIDER_AGAIN, NULL, NULL);
}

static void start(struct call *call, const char *method, const char *path, const char *key,
                  struct wr_buf *form, read_answer *read)
{
    struct provider *p = call->provider;
    char idempotency[120];
    struct wr_buf url = {0};
    wr_buf_printf(&url, "%s%s", p->url, path);
    snprintf(idempotency, sizeof idempotency, "Idempotency-Key: %s", key ? key : "");
    struct wr_http_call request = {
        .method = method,
        .url = url.at,
        .headers = {p->authorization.at, "Content-Type: application/x-www-form-urlencoded",
                    key ? idempotency : NULL},
        .body = form && form->len ? form->at : "",
        .len = form ? form->len : 0,
        .deadline_ms = p->deadline_ms,
    };
    call->read = read;
    call->started_us = wr_mono_us();
    enum wr_err err = breaker_allows(&p->breaker, wr_mono_ms()) ? WR_OK : WR_ERR_CLOSED;
    if (!err) {
        err = wr_http_client_call(p->http, &request, on_answer, call);
        if (err)
            breaker_failed(&p->breaker, wr_mono_ms());
    }
    wr_buf_free(&url);
    if (err)
        wr_loop_defer(p->loop, not_now, call);
}

static void copy(char *out, size_t cap, const struct wr_json *object, const char *name)
{
    const char *text = wr_json_text(wr_json_get(object, name));
    if (text && !wr_copy_text(out, cap, text, strlen(text)))
        wr_warn("the provider's value is too long", "name=%s", name);
}

static void read_body(struct answer *answer, const char *body, size_t len)
{
    struct wr_json *json;
    if (wr_json_parse(&json, body, len, NULL) != WR_OK)
        return;
    copy(answer->id, sizeof answer->id, json, "id");
    copy(answer->url, sizeof answer->url, json, "url");
    copy(answer->state, sizeof answer->state, json, "status");
    copy(answer->payment, sizeof answer->payment, json, "payment_intent");
    copy(answer->payment_status, sizeof answer->payment_status, json, "payment_status");
    copy(answer->error_code, sizeof answer->error_code, wr_json_get(json, "error"), "code");
    wr_json_free(json);
}

/* Nothing to conclude from: the provider is overloaded, broken, does not know us, or is still at it (409). */
static bool says_later(int status)
{
    return status >= 500 || status < 200 || status == 401 || status == 403 || status == 408 ||
           status == 409 || status == 429;
}

static void on_answer(void *ctx, enum wr_err err, int status, const char *body, size_t len)
{
    struct call *call = ctx;
    struct provider *p = call->provider;
    wr_metric_observe_us(MEASURE_PROVIDER_CALLS, wr_mono_us() - call->started_us);
    if (err || says_later(status)) {
        wr_metric_add(MEASURE_PROVIDER_FAILURES, 1);
        wr_warn("the payment provider gave no usable answer", "order=%s err=%s status=%d", call->order_id,
                wr_err_slug(err), status);
        if (status != 409) /* it answers; it is just not done */
            breaker_failed(&p->breaker, wr_mono_ms());
        else
            breaker_succeeded(&p->breaker);
        finish(call, PROVIDER_AGAIN, NULL, NULL);
        return;
    }
    breaker_succeeded(&p->breaker);
    struct answer answer = {.status = status};
    read_body(&answer, body, len);
    call->read(call, &answer);
}

static void finish(struct call *call, enum provider_outcome outcome, const char *session_id, const char *url)
{
    call->provider->in_flight--;
    call->done(call->ctx, outcome, session_id, url);
    free(call);
}

/* ---- opening ---- */

static void read_opened(struct call *call, const struct answer *answer)
{
    if (answer->status >= 300) {
        wr_error("the payment provider refuses an order", "order=%s status=%d code=\"%s\"", call->order_id,
                 answer->status, answer->error_code);
        finish(call, PROVIDER_REFUSED, NULL, NULL);
    } else if (!answer->id[0]) {
        finish(call, PROVIDER_AGAIN, NULL, NULL);
    } else {
        finish(call, PROVIDER_DONE, answer->id, answer->url);
    }
}

static void add_int(struct wr_buf *form, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    wr_form_add(form, name, text);
}

void provider_open_session(struct provider *p, const struct provider_order *order, provider_done *done,
                           void *ctx)
{
    struct call *call = new_call(p, done, ctx);
    struct wr_buf form = {0}, back = {0};
    char currency[4] = "";
    for (size_t i = 0; i < 3 && order->currency[i]; i++)
        currency[i] = (char)(order->currency[i] | 0x20); /* the provider's are lower case */
    wr_buf_printf(&back, "%s/s/%s", p->public_url, order->sale);
    wr_form_add(&form, "mode", "payment");
    wr_form_add(&form, "client_reference_id", order->order_id);
    wr_form_add(&form, "success_url", back.at);
    wr_form_add(&form, "cancel_url", back.at);
    add_int(&form, "line_items[0][quantity]", order->quantity);
    wr_form_add(&form, "line_items[0][price_data][currency]", currency);
    add_int(&form, "line_items[0][price_data][unit_amount]", order->unit_price);
    wr_form_add(&form, "line_items[0][price_data][product_data][name]", order->name);
    wr_form_add(&form, "metadata[sale]", order->sale);
    snprintf(call->order_id, sizeof call->order_id, "%s", order->order_id);
    start(call, "POST", "/v1/checkout/sessions", order->order_id, &form, read_opened);
    wr_buf_free(&form);
    wr_buf_free(&back);
}

/* ---- closing ---- */

static void session_path(char out[PROVIDER_ID_MAX + 64], const char *session_id, const char *action)
{
    snprintf(out, PROVIDER_ID_MAX + 64, "/v1/checkout/sessions/%s%s", session_id, action);
}

static void read_looked_up(struct call *call, const struct answer *answer)
{
    if (answer->status == 404)
        finish(call, PROVIDER_REFUSED, call->session_id, NULL);
    else if (strcmp(answer->payment_status, "paid") == 0 || strcmp(answer->state, "complete") == 0)
        finish(call, PROVIDER_PAID, call->session_id, NULL);
    else if (strcmp(answer->state, "expired") == 0)
        finish(call, PROVIDER_DONE, call->session_id, NULL);
    else
        finish(call, PROVIDER_AGAIN, NULL, NULL);
}

static void read_closed(struct call *call, const struct answer *answer)
{
    char path[PROVIDER_ID_MAX + 64];
    if (answer->status < 300 && strcmp(answer->state, "expired") == 0) {
        finish(call, PROVIDER_DONE, call->session_id, NULL);
        return;
    }
    session_path(path, call->session_id, "");
    start(call, "GET", path, NULL, NULL, read_looked_up);
}

void provider_close_session(struct provider *p, const char *session_id, provider_done *done, void *ctx)
{
    struct call *call = new_call(p, done, ctx);
    char path[PROVIDER_ID_MAX + 64];
    snprintf(call->session_id, sizeof call->session_id, "%s", session_id);
    session_path(path, session_id, "/expire");
    start(call, "POST", path, NULL, NULL, read_closed);
}

/* ---- refunding ---- */

static void read_refunded(struct call *call, const struct answer *answer)
{
    if (answer->status < 300 || strcmp(answer->error_code, "charge_already_refunded") == 0) {
        finish(call, PROVIDER_DONE, call->session_id, NULL);
        return;
    }
    wr_error("the payment provider refuses a refund", "order=%s status=%d code=\"%s\"", call->order_id,
             answer->status, answer->error_code);
    finish(call, PROVIDER_AGAIN, NULL, NULL);
}

static void read_payment(struct call *call, const struct answer *answer)
{
    char key[96];
    struct wr_buf form = {0};
    if (!answer->payment[0]) {
        wr_error("the payment to refund is not known to the provider", "order=%s status=%d", call->order_id,
                 answer->status);
        finish(call, PROVIDER_AGAIN, NULL, NULL);
        return;
    }
    snprintf(key, sizeof key, "refund-%s", call->order_id);
    wr_form_add(&form, "payment_intent", answer->payment);
    start(call, "POST", "/v1/refunds", key, &form, read_refunded);
    wr_buf_free(&form);
}

void provider_refund(struct provider *p, const char *session_id, const char *order_id, provider_done *done,
                     void *ctx)
{
    struct call *call = new_call(p, done, ctx);
    char path[PROVIDER_ID_MAX + 64];
    snprintf(call->session_id, sizeof call->session_id, "%s", session_id);
    snprintf(call->order_id, sizeof call->order_id, "%s", order_id);
    session_path(path, session_id, "");
    start(call, "GET", path, NULL, NULL, read_payment);
}

/* ---- webhooks ---- */

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
    const char *paid = wr_json_text(wr_json_get(session, "payment_status"));
    if (strcmp(type, "checkout.session.expired") == 0)
        return NEWS_SESSION_OVER;
    bool over = strcmp(type, "checkout.session.completed") == 0 ||
                strcmp(type, "checkout.session.async_payment_succeeded") == 0;
    return over && paid && strcmp(paid, "paid") == 0 ? NEWS_PAID : NEWS_OTHER;
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
    copy(out->session_id, sizeof out->session_id, session, "id");
    copy(out->order_id, sizeof out->order_id, session, "client_reference_id");
    return WR_OK;
}
