/* pay_page.h - the page where the shopper pays: plain HTML and forms, no script. */
#ifndef SANDBOX_PAY_PAGE_H
#define SANDBOX_PAY_PAGE_H
#include "http.h"
#include "mem.h"
#include "session.h"

/* `note`: "declined" or "left", what the shopper has just done; anything else, and NULL: nothing. */
void pay_page(struct wr_request *req, const struct session *s, const char *note);
void pay_page_problem(struct wr_request *req, enum wr_err err);

/* The parts, for tests. `amount` is in the currency's minor unit: "25.00 EUR", "2500 JPY". */
void pay_page_render(struct wr_buf *out, const struct session *s, const char *note, const char *nonce);
void money_text(int64_t amount, const char *currency, char out[40]);

#endif
