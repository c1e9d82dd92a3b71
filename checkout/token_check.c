#include "token_check.h"
#include <string.h>

enum wr_err token_check(struct wr_keyring *ring, const struct wr_sale *sale, const struct token_claim *claim,
                        int64_t now_s, struct wr_token *out, bool *expired)
{
    enum wr_err err = wr_token_verify(ring, claim->text, claim->len, now_s, out);
    *expired = err == WR_ERR_TOKEN_EXPIRED;
    if (err && !*expired)
        return err;
    if (strcmp(out->sale, sale->id) != 0 || out->run != sale->run ||
        strcmp(out->shopper, claim->shopper) != 0)
        return WR_ERR_TOKEN_FOREIGN;
    return *expired && !claim->may_be_expired ? WR_ERR_TOKEN_EXPIRED : WR_OK;
}
