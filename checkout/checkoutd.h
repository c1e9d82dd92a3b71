/* checkoutd.h - the long-lived parts of a checkoutd, which every flow borrows. */
#ifndef CHECKOUTD_H
#define CHECKOUTD_H
#include "batch.h"
#include "durability.h"
#include "in_flight.h"
#include "outbox.h"
#include "service.h"
#include "sold_out.h"
#include "token.h"

struct checkout_config {
    struct wr_service_config service;
    const char *redis_line, *redis_stock, *token_keys, *issuer, *order_key, *kafka_bootstrap;
    int64_t in_flight_max;
};

struct relay;
struct checkoutd {
    struct wr_runtime *rt;
    struct wr_loop *loop;
    struct wr_http *http;
    struct wr_redis *line;
    struct wr_redis *stock;   /* writes what is promised: reservations, cancels and the WAIT behind them */
    struct wr_redis *reading; /* the same server, never held back by a WAIT: status, outbox */
    struct wr_sales *sales;
    struct wr_keyring *ring;
    struct wr_hmac *order_key;
    struct wr_producer *producer;
    struct wr_timer *housekeeping;
    struct durability *durability;
    struct batch *use, *reserve, *finish, *settle;
    struct outbox *outbox;
    struct relay *relay;
    struct sold_out sold_out;
    struct in_flight in_flight;
    size_t finding; /* looks for orders whose sale was not named, without an answer */
    bool draining;
};

enum wr_err checkoutd_open(struct wr_runtime *rt, const void *config, void **daemon) WR_MUST_CHECK;
bool checkoutd_ready(void *daemon, const char **why);
void checkoutd_drain(void *daemon);
void checkoutd_close(void *daemon);
/* Every request that asks a store is counted from its shape to its answer. */
enum wr_err checkoutd_enter(struct checkoutd *d, const char *shopper) WR_MUST_CHECK;
void checkoutd_leave(struct checkoutd *d, const char *shopper);

extern const struct wr_route checkout_routes[];

#endif
