/* answers.h - what checkout answers, in one place. */
#ifndef CHECKOUT_ANSWERS_H
#define CHECKOUT_ANSWERS_H
#include "http.h"
#include "order_record.h"

/* 410 with what is left, so that the page can offer fewer. */
void answer_sold_out(struct wr_request *req, int64_t remaining);
/* 503 until the sale starts. */
void answer_not_open(struct wr_request *req, int64_t starts_in_ms);
struct accepted {
    const char *order_id, *sale, *status, *sku;
    int64_t quantity;
};
void answer_accepted(struct wr_request *req, const struct accepted *order); /* 202 and Location */
/* 202 with the order as it is; its status will say what became of the wish. Takes `view` over. */
void answer_cancel_asked(struct wr_request *req, const char *order_id, const char *sale,
                         struct wr_json *view);

#endif
