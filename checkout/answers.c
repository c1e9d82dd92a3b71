#include "answers.h"
#include "metrics.h"
#include <stdio.h>

#define URL_MAX (WR_UUID_LEN + 32)

static void write_status_url(const char *order_id, char out[URL_MAX])
{
    snprintf(out, URL_MAX, "/v1/orders/status/%s", order_id);
}

static int retry_after_s(enum wr_err err)
{
    int status = wr_err_status(err);
    return status == 503 || status == 429 ? 1 : 0;
}

void answer_problem(struct wr_request *req, enum wr_err err, const char *detail)
{
    wr_answer_problem(req, err, detail, retry_after_s(err));
}

void answer_sold_out(struct wr_request *req, int64_t remaining)
{
    enum wr_err err = WR_ERR_SOLD_OUT;
    char type[64], detail[80] = "No unit is left at the moment.";
    snprintf(type, sizeof type, "/problems/%s", wr_err_slug(err));
    if (remaining)
        snprintf(detail, sizeof detail, "Only %lld left: order fewer, with a new key.", (long long)remaining);
    struct wr_json *body =
        wr_json_build("{s:s, s:s, s:i, s:s, s:s, s:I}", "type", type, "title", wr_err_title(err), "status",
                      wr_err_status(err), "detail", detail, "next", wr_err_next(err), "remaining", remaining);
    struct wr_buf text = {0};
    wr_json_render(body, &text);
    wr_json_free(body);
    wr_metrics_refusal(err);
    wr_answer(req, &(struct wr_answer){.status = wr_err_status(err),
                                       .content_type = "application/problem+json",
                                       .body = text.at,
                                       .len = text.len,
                                       .headers = {{"cache-control", "no-store"}}});
    wr_buf_free(&text);
}

void answer_not_open(struct wr_request *req, int64_t starts_in_ms)
{
    int64_t s = (starts_in_ms + 999) / 1000;
    wr_answer_problem(req, WR_ERR_NOT_OPEN, NULL, (int)(s < 1 ? 1 : s > 3600 ? 3600 : s));
}

static void answer_202(struct wr_request *req, const char *url, struct wr_json *body)
{
    struct wr_buf text = {0};
    wr_json_render(body, &text);
    wr_json_free(body);
    wr_answer(req, &(struct wr_answer){.status = 202,
                                       .body = text.at,
                                       .len = text.len,
                                       .headers = {{"location", url}, {"cache-control", "no-store"}}});
    wr_buf_free(&text);
}

void answer_accepted(struct wr_request *req, const struct accepted *order)
{
    char url[URL_MAX];
    write_status_url(order->order_id, url);
    answer_202(req, url,
               wr_json_build("{s:s, s:s, s:s, s:I, s:s}", "queue_ticket_id", order->order_id, "status",
                             order->status, "sku", order->sku, "quantity", order->quantity, "status_url",
                             url));
}

void answer_cancel_asked(struct wr_request *req, const char *order_id, struct wr_json *view)
{
    char url[URL_MAX];
    write_status_url(order_id, url);
    answer_202(req, url, view);
}
