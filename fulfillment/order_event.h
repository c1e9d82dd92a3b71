/* order_event.h - what checkout puts into Kafka (docs/KEYSPACE.md), decoded and checked. Pure. */
#ifndef FULFILLMENT_ORDER_EVENT_H
#define FULFILLMENT_ORDER_EVENT_H
#include "err.h"
#include "id.h"
#include "sales.h"
#include "token.h"

#define EVENT_WHY_MAX 160

enum order_event_kind { EVENT_RESERVATION, EVENT_CANCEL };
struct order_event {
    enum order_event_kind kind;
    char order_id[WR_UUID_LEN + 1], sale[WR_SALE_LEN + 1], shopper[WR_SHOPPER_LEN + 1];
    int64_t at_ms; /* reserved or requested, wall clock */
    /* of a reservation only */
    char sku[WR_SKU_LEN + 1], jti[WR_JTI_MAX];
    int64_t run, deal, quantity, lane, place, granted_ms;
};
/* WR_ERR_MALFORMED or WR_ERR_INVALID with a sentence in `why`: it can never be understood. */
enum wr_err order_event_decode(const char *text, size_t len, struct order_event *out,
                               char why[EVENT_WHY_MAX]) WR_MUST_CHECK;

#endif
