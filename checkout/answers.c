#include "answers.h"
#include "problem.h"
#include <stdio.h>

#define URL_MAX (WR_UUID_LEN + WR_SALE_LEN + 32)

/* With its sale, so that the order is found when the sale is long over. */
static void write_status_url(const char *order_id, const char *sale, char out[URL_MAX])
{
    snprintf(out, URL_MAX, "/v1/orders/status/%s?sale=%s", order_id, sale);
}

void answer_sold_out(struct wr_request *req, int64_t remaining)
{
    char detail[80] = "No unit is left at the moment.";
    if (remaining)
        snprintf(detail, sizeof detail, "Only %lld left: order fewer, with a new key.", (long long)remaining);
    struct wr_json *problem = wr_problem_json(WR_ERR_SOLD_OUT, detail);
    wr_json_set(problem, "remaining", wr_json_build("I", remaining));
    wr_answer_problem_json(req, WR_ERR_SOLD_OUT, problem, 0);
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
    write_status_url(order->order_id, order->sale, url);
    answer_202(req, url,
               wr_json_build("{s:s, s:s, s:s, s:I, s:s}", "queue_ticket_id", order->order_id, "status",
                             order->status, "sku", order->sku, "quantity", order->quantity, "status_url",
                             url));
}

void answer_cancel_asked(struct wr_request *req, const char *order_id, const char *sale, struct wr_json *view)
{
    char url[URL_MAX];
    write_status_url(order_id, sale, url);
    answer_202(req, url, view);
}
