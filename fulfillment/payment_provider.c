/* payment_provider.c
 *
 *   start() --HTTP--> on_answer() --read by the call's own step--> finish()
 *                         ^                      |
 *                         +---- a second request-+   (closing looks the session up; refunding needs its payment)
 */
#include "payment_provider.h"
#include "clock.h"
#include "file.h"
#include "fulfillment_metrics.h"
#include "http_client.h"
#include "log.h"
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
    char *url;
    int places_taken, places, deadline_ms;
};

struct call;
typedef void read_answer(struct call *call, const struct provider_answer *answer);
struct call {
    struct provider *provider;
    provider_done *done;
    void *ctx;
    read_answer *read;
    uint64_t started_us;
    bool needs_link;
    struct provider_money expected;
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
    p->places = config->in_flight_max;
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
    free(p);
}

int provider_take_places(struct provider *p, int wanted)
{
    int room = p->places - p->places_taken;
    if (p->breaker.state != BREAKER_CLOSED) {
        bool waiting = p->breaker.state == BREAKER_OPEN && wr_mono_ms() < p->breaker.until_ms;
        room = waiting || p->places_taken ? 0 : 1; /* whoever has it makes the probe */
    }
    int taken = room < wanted ? room : wanted;
    p->places_taken += taken;
    return taken;
}

void provider_give_places(struct provider *p, int count)
{
    p->places_taken -= count;
}

enum breaker_state provider_breaker(const struct provider *p)
{
    return p->breaker.state;
}

/* ---- one request ---- */

static struct call *new_call(struct provider *p, const char *order_id, provider_done *done, void *ctx)
{
    struct call *call = wr_alloc(sizeof *call);
    *call = (struct call){.provider = p, .done = done, .ctx = ctx};
    snprintf(call->order_id, sizeof call->order_id, "%s", order_id);
    return call;
}

static void failed(struct provider *p)
{
    bool open = p->breaker.state == BREAKER_OPEN;
    wr_metric_add(METRIC_PROVIDER_FAILURES, 1);
    breaker_failed(&p->breaker, wr_mono_ms());
    if (!open && p->breaker.state == BREAKER_OPEN)
        wr_metric_add(METRIC_PROVIDER_OPENED, 1);
}

static void not_now(void *ctx)
{
    finish(ctx, PROVIDER_AGAIN, NULL, NULL);
}

static void start(struct call *call, const char *method, const char *path, const char *key,
                  struct wr_buf *form, read_answer *read)
{
    struct provider *p = call->provider;
    char idempotency[PROVIDER_ID_MAX + 40];
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
        if (err) /* our own limit: it says nothing about the provider */
            breaker_dropped(&p->breaker);
    }
    wr_buf_free(&url);
    if (err)
        wr_loop_defer(p->loop, not_now, call);
}

static void on_answer(void *ctx, enum wr_err err, int status, const char *body, size_t len)
{
    struct call *call = ctx;
    struct provider *p = call->provider;
    struct provider_answer answer;
    wr_metric_observe_us(METRIC_PROVIDER_CALLS, wr_mono_us() - call->started_us);
    provider_answer_read(&answer, status, body, len);
    if (err || !provider_answer_is_its_own(&answer))
        failed(p);
    else
        breaker_succeeded(&p->breaker);
    if (err || provider_answer_verdict(&answer) == ANSWER_LATER) {
        wr_warn("the payment provider gave no usable answer", "order=%s err=%s status=%d type=\"%s\"",
                call->order_id, wr_err_slug(err), status, answer.error_type);
        finish(call, PROVIDER_AGAIN, NULL, NULL);
    } else {
        call->read(call, &answer);
    }
}

static void finish(struct call *call, enum provider_outcome outcome, const char *session_id, const char *url)
{
    call->done(call->ctx, outcome, session_id, url);
    free(call);
}

/* ---- opening ---- */

static void read_opened(struct call *call, const struct provider_answer *answer)
{
    if (provider_answer_verdict(answer) != ANSWER_DONE) {
        wr_error("the payment provider refuses an order", "order=%s status=%d code=\"%s\"", call->order_id,
                 answer->status, answer->error_code);
        finish(call, PROVIDER_REFUSED, NULL, NULL);
    } else if (answer->id[0] && (answer->url[0] || !call->needs_link)) {
        finish(call, PROVIDER_DONE, answer->id, answer->url);
    } else if (answer->id[0] && strcmp(answer->state, "expired") == 0) {
        finish(call, PROVIDER_REFUSED, answer->id, NULL); /* it ended before anybody had its link */
    } else {
        wr_error("the payment provider gives no link to pay by", "order=%s", call->order_id);
        wr_metric_add(METRIC_PROVIDER_NO_LINK, 1);
        finish(call, PROVIDER_AGAIN, NULL, NULL);
    }
}

static void add_int(struct wr_buf *form, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    wr_form_add(form, name, text);
}

static void open_session(struct provider *p, const struct provider_order *order, bool needs_link,
                         provider_done *done, void *ctx)
{
    struct call *call = new_call(p, order->order_id, done, ctx);
    struct wr_buf form = {0}, back = {0};
    char currency[4] = "";
    for (size_t i = 0; i < 3 && order->currency[i]; i++)
        currency[i] = (char)(order->currency[i] | 0x20); /* the provider's are lower case */
    call->needs_link = needs_link;
    wr_buf_printf(&back, "%s/s/%s", order->public_url, order->sale);
    wr_form_add(&form, "mode", "payment");
    wr_form_add(&form, "client_reference_id", order->order_id);
    wr_form_add(&form, "success_url", back.at);
    wr_form_add(&form, "cancel_url", back.at);
    add_int(&form, "line_items[0][quantity]", order->quantity);
    wr_form_add(&form, "line_items[0][price_data][currency]", currency);
    add_int(&form, "line_items[0][price_data][unit_amount]", order->unit_price);
    wr_form_add(&form, "line_items[0][price_data][product_data][name]", order->name);
    wr_form_add(&form, "metadata[sale]", order->sale);
    start(call, "POST", "/v1/checkout/sessions", order->order_id, &form, read_opened);
    wr_buf_free(&form);
    wr_buf_free(&back);
}

void provider_open_session(struct provider *p, const struct provider_order *order, provider_done *done,
                           void *ctx)
{
    open_session(p, order, true, done, ctx);
}

void provider_find_session(struct provider *p, const struct provider_order *order, provider_done *done,
                           void *ctx)
{
    open_session(p, order, false, done, ctx);
}

/* ---- closing ---- */

static void session_path(char out[PROVIDER_ID_MAX + 64], const char *session_id, const char *action)
{
    snprintf(out, PROVIDER_ID_MAX + 64, "/v1/checkout/sessions/%s%s", session_id, action);
}

static void read_looked_up(struct call *call, const struct provider_answer *answer)
{
    enum answer_verdict verdict = provider_answer_verdict(answer);
    if (verdict == ANSWER_MISSING) {
        finish(call, PROVIDER_REFUSED, call->session_id, NULL);
    } else if (verdict == ANSWER_DONE && provider_is_paid(answer->payment_status)) {
        bool right = provider_money_is(&answer->money, &call->expected);
        if (!right) {
            wr_error("a session was paid that is not of the order's price", "order=%s session=\"%s\"",
                     call->order_id, call->session_id);
            wr_metric_add(METRIC_PAYMENTS_WRONG, 1);
        }
        finish(call, right ? PROVIDER_PAID : PROVIDER_AGAIN, call->session_id, NULL);
    } else if (verdict == ANSWER_DONE && strcmp(answer->state, "expired") == 0) {
        finish(call, PROVIDER_DONE, call->session_id, NULL);
    } else { /* complete and unpaid: the money is on its way, or a webhook says that it is not */
        finish(call, PROVIDER_AGAIN, NULL, NULL);
    }
}

static void read_closed(struct call *call, const struct provider_answer *answer)
{
    char path[PROVIDER_ID_MAX + 64];
    if (provider_answer_verdict(answer) == ANSWER_DONE && strcmp(answer->state, "expired") == 0) {
        finish(call, PROVIDER_DONE, call->session_id, NULL);
        return;
    }
    session_path(path, call->session_id, "");
    start(call, "GET", path, NULL, NULL, read_looked_up);
}

void provider_close_session(struct provider *p, const struct provider_order *order, const char *session_id,
                            provider_done *done, void *ctx)
{
    struct call *call = new_call(p, order->order_id, done, ctx);
    char path[PROVIDER_ID_MAX + 64];
    snprintf(call->session_id, sizeof call->session_id, "%s", session_id);
    call->expected.amount = order->unit_price * order->quantity;
    snprintf(call->expected.currency, sizeof call->expected.currency, "%s", order->currency);
    session_path(path, session_id, "/expire");
    start(call, "POST", path, NULL, NULL, read_closed);
}

/* ---- refunding ---- */

static void refuse_refund(struct call *call, const struct provider_answer *answer)
{
    wr_error("the payment provider refuses a refund",
             "order=%s session=\"%s\" status=%d code=\"%s\" state=\"%s\"", call->order_id, call->session_id,
             answer->status, answer->error_code, answer->state);
    finish(call, PROVIDER_REFUSED, call->session_id, NULL);
}

static void read_refunded(struct call *call, const struct provider_answer *answer)
{
    bool made = provider_answer_verdict(answer) == ANSWER_DONE && strcmp(answer->state, "failed") != 0 &&
                strcmp(answer->state, "canceled") != 0;
    if (made || strcmp(answer->error_code, "charge_already_refunded") == 0)
        finish(call, PROVIDER_DONE, call->session_id, NULL);
    else
        refuse_refund(call, answer);
}

static void read_payment(struct call *call, const struct provider_answer *answer)
{
    char key[PROVIDER_ID_MAX + 16];
    struct wr_buf form = {0};
    if (provider_answer_verdict(answer) != ANSWER_DONE) {
        refuse_refund(call, answer);
    } else if (strcmp(answer->payment_status, "no_payment_required") == 0) {
        finish(call, PROVIDER_DONE, call->session_id, NULL); /* nothing was paid */
    } else if (!answer->payment[0]) {
        wr_error("the payment to refund is not known to the provider", "order=%s", call->order_id);
        finish(call, PROVIDER_AGAIN, NULL, NULL);
    } else {
        snprintf(key, sizeof key, "refund-%s", call->session_id);
        wr_form_add(&form, "payment_intent", answer->payment);
        start(call, "POST", "/v1/refunds", key, &form, read_refunded);
        wr_buf_free(&form);
    }
}

void provider_refund(struct provider *p, const char *session_id, const char *order_id, provider_done *done,
                     void *ctx)
{
    struct call *call = new_call(p, order_id, done, ctx);
    char path[PROVIDER_ID_MAX + 64];
    snprintf(call->session_id, sizeof call->session_id, "%s", session_id);
    session_path(path, session_id, "");
    start(call, "GET", path, NULL, NULL, read_payment);
}
