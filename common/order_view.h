/* order_view.h - what of an order's record in Redis (docs/KEYSPACE.md) its shopper may see: over HTTP, and as the
 * `order` message. Pure. */
#ifndef WR_ORDER_VIEW_H
#define WR_ORDER_VIEW_H
#include "sales.h"
#include "token.h"

#define WR_ORDER_STATUS_MAX 24
#define WR_PAYMENT_URL_MAX 1024 /* what fulfillmentd takes from a provider fits everywhere, as do all below */
#define WR_ORDER_REASON_MAX 256

struct wr_order_view {
    char order_id[WR_UUID_LEN + 1], sale[WR_SALE_LEN + 1], sku[WR_SKU_LEN + 1];
    char shopper[WR_SHOPPER_LEN + 1], jti[WR_JTI_MAX]; /* whose it is: not shown */
    char status[WR_ORDER_STATUS_MAX], payment_url[WR_PAYMENT_URL_MAX], reason[WR_ORDER_REASON_MAX];
    int64_t quantity, event, expires_at; /* wall ms; 0: none */
};
/* WR_ERR_MALFORMED, WR_ERR_INVALID: out of shape, with a sentence in `why`. */
enum wr_err wr_order_view_read(struct wr_order_view *out, const char *record, size_t len,
                               char why[160]) WR_MUST_CHECK;
/* Owned by the caller. */
struct wr_json *wr_order_view_json(const struct wr_order_view *view);

#endif
