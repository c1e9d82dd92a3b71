/* place_order.h - POST /v1/sales/{sale}/checkout: a reservation for who was admitted. */
#ifndef CHECKOUT_PLACE_ORDER_H
#define CHECKOUT_PLACE_ORDER_H
#include "http.h"
#include "redis.h"

struct batch_item;
struct wr_sale;
void place_order(void *ctx, struct wr_request *req);

/* The script calls of this flow, as batches (batch.h). */
enum wr_err place_order_open_use(const struct wr_sale *sale, struct wr_args *args);
void place_order_write_use(const struct batch_item *item, struct wr_args *args);
enum wr_err place_order_open_reserve(const struct wr_sale *sale, struct wr_args *args);
void place_order_write_reserve(const struct batch_item *item, struct wr_args *args);

#endif
