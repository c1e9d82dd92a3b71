#include "checkoutd.h"
#include "checkout_metrics.h"
#include "file.h"
#include "log.h"
#include "lua_checkout.h"
#include "place_order.h"
#include "relay_outbox.h"
#include "sales.h"
#include <stdlib.h>
#include <string.h>

#define HOUSEKEEPING_MS 2000

static enum wr_err load_order_key(struct wr_hmac **out, const char *path)
{
    uint8_t key[32];
    enum wr_err err = wr_secret_file_hex(key, sizeof key, path);
    if (!err)
        *out = wr_hmac_new(key, sizeof key);
    explicit_bzero(key, sizeof key);
    return err;
}

static void on_stock_state(void *ctx, bool connected)
{
    struct checkoutd *d = ctx;
    durability_on_state(d->durability, connected);
}

static enum wr_err open_stores(struct checkoutd *d, const struct checkout_config *c)
{
    struct wr_redis_config line = {.address = c->redis_line};
    struct wr_redis_config stock = {.address = c->redis_stock, .on_state = on_stock_state, .ctx = d};
    struct wr_redis_config reading = {.address = c->redis_stock};
    struct wr_producer_config producer = {.bootstrap = c->kafka_bootstrap, .client_id = "checkoutd"};
    enum wr_err err = wr_redis_open(&d->line, d->loop, &line);
    if (!err)
        err = wr_redis_open(&d->stock, d->loop, &stock);
    if (!err)
        err = wr_redis_open(&d->reading, d->loop, &reading);
    if (!err)
        err = wr_producer_open(&d->producer, d->loop, &producer);
    return err;
}

static enum wr_err open_finish(const struct wr_sale *sale, struct wr_args *args)
{
    if (sale->closed)
        return WR_ERR_CLOSED;
    wr_arg_int(args, sale->gen);
    return WR_OK;
}

static void open_batches(struct checkoutd *d)
{
    struct batch_config use = {.loop = d->loop,
                               .redis = d->line,
                               .sales = d->sales,
                               .script = &wr_lua_use,
                               .rows = true,
                               .open = place_order_open_use,
                               .write = place_order_write_use};
    struct batch_config reserve = {.loop = d->loop,
                                   .redis = d->stock,
                                   .sales = d->sales,
                                   .script = &wr_lua_reserve,
                                   .rows = true,
                                   .open = place_order_open_reserve,
                                   .write = place_order_write_reserve};
    struct batch_config finish = {.loop = d->loop,
                                  .redis = d->line,
                                  .sales = d->sales,
                                  .script = &wr_lua_finish,
                                  .open = open_finish,
                                  .write = outbox_write_finish};
    struct batch_config settle = {.loop = d->loop,
                                  .redis = d->reading,
                                  .sales = d->sales,
                                  .script = &wr_lua_settle,
                                  .write = outbox_write_settle};
    d->use = batch_new(&use);
    d->reserve = batch_new(&reserve);
    d->finish = batch_new(&finish);
    d->settle = batch_new(&settle);
}

/* What is in flight is what shoppers wait for, and entries on their way while Kafka takes them; the relay of
 * another process takes over what Kafka does not. */
static void leave_when_drained(void *ctx)
{
    struct checkoutd *d = ctx;
    bool carrying = outbox_under_way(d->outbox) && wr_producer_connected(d->producer);
    if (d->draining && d->in_flight.count == 0 && !carrying)
        wr_drained(d->rt);
}

static void on_housekeeping(void *ctx)
{
    struct checkoutd *d = ctx;
    wr_keyring_refresh(d->ring);
    durability_look(d->durability);
    wr_metric_set(METRIC_KAFKA_UP, wr_producer_connected(d->producer));
    wr_metric_raise_to(METRIC_PRODUCER_RECREATED, wr_producer_recreated(d->producer));
    leave_when_drained(d);
}

enum wr_err checkoutd_open(struct wr_runtime *rt, const void *config, void **daemon)
{
    const struct checkout_config *c = config;
    struct checkoutd *d = wr_alloc(sizeof *d);
    d->rt = rt;
    d->loop = wr_runtime_loop(rt);
    d->http = wr_runtime_http(rt);
    d->in_flight.max = (size_t)c->in_flight_max;
    d->durability = durability_new(d->loop);
    enum wr_err err = load_order_key(&d->order_key, c->order_key);
    if (!err)
        err = wr_keyring_open(&d->ring, c->token_keys, c->issuer, WR_KEYRING_VERIFY);
    if (!err)
        err = open_stores(d, c);
    if (err) {
        checkoutd_close(d);
        return err;
    }
    durability_use(d->durability, d->stock);
    d->sales = wr_sales_open(d->loop, &(struct wr_sales_config){.redis = d->line, .ctx = d});
    open_batches(d);
    d->outbox = outbox_new(&(struct outbox_config){.loop = d->loop,
                                                   .producer = d->producer,
                                                   .finish = d->finish,
                                                   .settle = d->settle,
                                                   .on_idle = leave_when_drained,
                                                   .ctx = d});
    d->relay = relay_new(&(struct relay_config){.loop = d->loop,
                                                .redis = d->reading,
                                                .sales = d->sales,
                                                .outbox = d->outbox,
                                                .me = wr_runtime_id(rt)});
    d->housekeeping = wr_timer_new(d->loop, on_housekeeping, d);
    wr_timer_start(d->housekeeping, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
    *daemon = d;
    return WR_OK;
}

/* Kafka is not asked: sales go on without it. */
bool checkoutd_ready(void *daemon, const char **why)
{
    struct checkoutd *d = daemon;
    *why = !wr_redis_connected(d->line) ? "the line's Redis is not connected"
           : !wr_redis_connected(d->stock) || !wr_redis_connected(d->reading)
               ? "the stock's Redis is not connected"
           : !wr_sales_fresh(d->sales) ? "the sales were not read for 2 s"
                                       : NULL;
    return !*why;
}

void checkoutd_drain(void *daemon)
{
    struct checkoutd *d = daemon;
    d->draining = true;
    leave_when_drained(d);
}

enum wr_err checkoutd_enter(struct checkoutd *d, const char *shopper)
{
    if (d->draining)
        return WR_ERR_DRAINING;
    enum wr_err err = in_flight_enter(&d->in_flight, shopper);
    wr_metric_set(METRIC_IN_FLIGHT, (int64_t)d->in_flight.count);
    return err;
}

void checkoutd_leave(struct checkoutd *d, const char *shopper)
{
    in_flight_leave(&d->in_flight, shopper);
    wr_metric_set(METRIC_IN_FLIGHT, (int64_t)d->in_flight.count);
    leave_when_drained(d);
}

/* Stores first: what was under way ends with "no answer", and every flow still finds the parts it goes on
 * with. */
void checkoutd_close(void *daemon)
{
    struct checkoutd *d = daemon;
    if (!d)
        return;
    if (d->in_flight.count) { /* past the drain limit: its answers would find what they go on with closed */
        wr_warn("requests were still under way", "requests=%zu", d->in_flight.count);
        return;
    }
    wr_timer_free(d->housekeeping);
    wr_redis_close(d->line);
    wr_redis_close(d->stock);
    wr_redis_close(d->reading);
    batch_free(d->use);
    batch_free(d->reserve);
    durability_free(d->durability);
    wr_producer_close(d->producer);
    batch_free(d->finish);
    batch_free(d->settle);
    relay_free(d->relay);
    outbox_free(d->outbox);
    wr_sales_close(d->sales);
    wr_keyring_close(d->ring);
    wr_hmac_free(d->order_key);
    free(d);
}
