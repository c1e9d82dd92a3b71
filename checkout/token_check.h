/* token_check.h - may this token buy in this sale, from this browser? Pure: signature, time and claims only;
 * whether its admission still lives is the line's to say. */
#ifndef CHECKOUT_TOKEN_CHECK_H
#define CHECKOUT_TOKEN_CHECK_H
#include "sales.h"
#include "token.h"

struct token_claim { /* what the request says */
    const char *text;
    size_t len;
    const char *shopper; /* whom its secret stands for */
    bool may_be_expired; /* a retry may still look up its key */
};
/* WR_ERR_TOKEN_INVALID; WR_ERR_TOKEN_FOREIGN: another sale, run or browser; WR_ERR_TOKEN_EXPIRED. With
 * may_be_expired an expired token is WR_OK and `*expired` is set. */
enum wr_err token_check(struct wr_keyring *ring, const struct wr_sale *sale, const struct token_claim *claim,
                        int64_t now_s, struct wr_token *out, bool *expired) WR_MUST_CHECK;

#endif
