/* provider_answer.h - what an answer of the payment provider means. Pure.
 *
 * Only what the provider itself says counts: its errors are JSON with an `error` object. Whatever else answers under its
 * address - a proxy, a wrong path, a page of HTML - says nothing about an order, so nothing is concluded from it. */
#ifndef FULFILLMENT_PROVIDER_ANSWER_H
#define FULFILLMENT_PROVIDER_ANSWER_H
#include "order_view.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROVIDER_ID_MAX 128

struct provider_money {
    int64_t amount; /* in the minor unit; -1: not said */
    char currency[8];
};
struct provider_answer { /* what of its JSON matters here; texts that are not there are "" */
    int status;
    bool understood, error; /* it is a JSON object; with an `error` in it */
    char id[PROVIDER_ID_MAX], url[WR_PAYMENT_URL_MAX], payment[PROVIDER_ID_MAX];
    char state[24], payment_status[32];
    struct provider_money money;
    char error_type[48], error_code[64];
};
void provider_answer_read(struct provider_answer *out, int status, const char *body, size_t len);
/* Parts of a session, be it in an answer or a webhook. */
/* "": not there, too long. */
void provider_text_copy(char *out, size_t cap, const struct wr_json *object, const char *name);
void provider_money_read(const struct wr_json *session, struct provider_money *out);
bool provider_money_is(const struct provider_money *money, const struct provider_money *expected);

enum answer_verdict {
    ANSWER_DONE,
    ANSWER_REFUSED, /* for good: the same request will be refused again */
    ANSWER_MISSING, /* the provider knows no such thing */
    ANSWER_LATER,   /* nothing to conclude from */
};
enum answer_verdict provider_answer_verdict(const struct provider_answer *answer);
/* The provider itself answered, whatever it said: no reason to leave it alone. */
bool provider_answer_is_its_own(const struct provider_answer *answer);
/* Nothing more is to be paid: "paid", or a price of 0. */
bool provider_is_paid(const char *payment_status);

#endif
