/* request.h - the shape of what shoppers send: who asks, with which token and key, for what. */
#ifndef CHECKOUT_REQUEST_H
#define CHECKOUT_REQUEST_H
#include "checkoutd.h"

#define KEY_LEAST 8
#define KEY_MOST 64
#define QUANTITY_MOST 1000

struct purchase {
    char sku[WR_SKU_LEN + 1];
    int64_t quantity;
    char key[KEY_MOST + 1];
    char shopper[WR_SHOPPER_LEN + 1];
    const char *token; /* borrowed from the request */
    bool retry;
};
/* Returns false after it answered the problem itself. */
bool purchase_read(struct checkoutd *d, struct wr_request *req, struct purchase *out) WR_MUST_CHECK;
/* Who asks for which order: the secret, and the id and the sale in the address. `sale` is the request's; NULL: not
 * named. WR_ERR_UNAUTHENTICATED, WR_ERR_NOT_FOUND. */
enum wr_err request_order(struct checkoutd *d, const struct wr_request *req, char shopper[WR_SHOPPER_LEN + 1],
                          char order_id[WR_UUID_LEN + 1], const char **sale) WR_MUST_CHECK;
/* 8 to 64 printable characters without spaces. */
bool idempotency_key_valid(const char *key);
/* What the purchase asks for, as a digest: the same key with another one is another request. */
void purchase_hash(const struct purchase *p, char out[33]);

#endif
