#include "waitroomd.h"
#include "clock.h"
#include "count_presence.h"
#include "follow_orders.h"
#include "join_line.h"
#include "keyspace.h"
#include "log.h"
#include "poll_line.h"
#include "room.h"
#include "serve_page.h"
#include "tell_shopper.h"
#include "tick_line.h"
#include "waitroom_metrics.h"
#include <stdlib.h>
#include <unistd.h>

static void each_room(struct waitroom *w, void (*visit)(struct room *room))
{
    for (struct link *l = w->rooms.next, *next; l != &w->rooms; l = next) {
        next = l->next;
        visit(LINK_OWNER(l, struct room, link));
    }
}

static bool all_is_said(const struct waitroom *w)
{
    for (struct link *l = w->rooms.next; l != &w->rooms; l = l->next) {
        const struct room *room = LINK_OWNER(l, struct room, link);
        if (!room_is_closed(room) && tick_unsaid(room))
            return false;
    }
    return true;
}

static void on_turn(void *ctx)
{
    struct waitroom *w = ctx;
    tell_turn(w);
    each_room(w, polls_turn);
    if (++w->turns % (100 / TELL_TURN_MS) == 0)
        read_followed_orders(w);
    if (w->draining && w->sockets == 0 && all_is_said(w))
        wr_drained(w->rt);
}

static void on_second(void *ctx)
{
    struct waitroom *w = ctx;
    size_t shoppers = 0;
    for (struct link *l = w->rooms.next; l != &w->rooms; l = l->next)
        shoppers += LINK_OWNER(l, struct room, link)->by_place.count;
    each_room(w, pollers_sweep);
    each_room(w, count_presence);
    wr_keyring_refresh(w->ring);
    wr_metric_set(METRIC_SOCKETS, (int64_t)w->sockets);
    wr_metric_set(METRIC_SHOPPERS, (int64_t)shoppers);
    wr_metric_set(METRIC_POLLERS, (int64_t)w->pollers);
    wr_metric_set(METRIC_JOINERS, (int64_t)w->joiners);
}

static enum wr_err open_stores(struct waitroom *w)
{
    const struct waitroom_config *c = w->config;
    enum wr_err err = wr_redis_open(&w->line, w->loop, &(struct wr_redis_config){.address = c->redis_line});
    if (!err)
        err = wr_redis_open(&w->stock, w->loop, &(struct wr_redis_config){.address = c->redis_stock});
    if (!err)
        err = wr_subscriber_open(&w->line_channels, w->loop,
                                 &(struct wr_subscriber_config){
                                     .address = c->redis_line, .on_message = on_worker_channel, .ctx = w});
    if (!err)
        err = wr_subscriber_open(&w->stock_channels, w->loop,
                                 &(struct wr_subscriber_config){.address = c->redis_stock,
                                                                .on_message = on_order_channel,
                                                                .on_restored = on_order_channels_restored,
                                                                .ctx = w});
    if (err)
        wr_error("redis address is unusable", "line=\"%s\" stock=\"%s\"", c->redis_line, c->redis_stock);
    return err;
}

static void open_channel_of_worker(struct waitroom *w)
{
    char name[WR_CHANNEL_MAX];
    wr_channel_of_worker(name, w->me);
    wr_subscribe(w->line_channels, name, NULL, NULL);
}

enum wr_err waitroom_open(struct wr_runtime *rt, const void *config, void **daemon)
{
    struct waitroom *w = wr_alloc(sizeof *w);
    *daemon = w;
    w->config = config;
    w->rt = rt;
    w->loop = wr_runtime_loop(rt);
    w->me = wr_runtime_id(rt);
    link_init(&w->rooms);
    link_init(&w->channel_list);
    srand((unsigned)(wr_mono_us() ^ (uint64_t)getpid()));
    enum wr_err err = wr_ticket_key_load(&w->ticket_key, w->config->ticket_keys);
    if (!err)
        err = wr_keyring_open(&w->ring, w->config->token_keys, w->config->issuer, WR_KEYRING_SIGN);
    if (!err)
        err = pages_open(&w->pages, w->config->static_folder);
    if (!err)
        err = open_stores(w);
    if (err) {
        waitroom_close(w);
        *daemon = NULL;
        return err;
    }
    open_channel_of_worker(w);
    w->sales = wr_sales_open(
        w->loop, &(struct wr_sales_config){
                     .redis = w->line, .on_change = room_on_sale, .on_gone = room_on_sale_gone, .ctx = w});
    w->tell_timer = wr_timer_new(w->loop, on_turn, w);
    wr_timer_start(w->tell_timer, TELL_TURN_MS, TELL_TURN_MS);
    w->second_timer = wr_timer_new(w->loop, on_second, w);
    wr_timer_start(w->second_timer, 1000, 1000);
    return WR_OK;
}

bool waitroom_ready(void *daemon, const char **why)
{
    struct waitroom *w = daemon;
    *why = "the sales could not be read from Redis";
    return wr_sales_fresh(w->sales);
}

static void send_away(struct room *room)
{
    tell_everybody(room, TELL_RECONNECT, true);
    for (struct link *l; (l = list_first(&room->pollers)) != NULL;)
        shopper_away(LINK_OWNER(l, struct shopper, poller));
}

/* Everybody is told to come back within a while, and then sent away: another worker has their places. The ticks go on
 * until Redis knows what was heard. They stay counted as away, and the record ages as a crashed worker's: without them
 * whoever is told a number meanwhile would be told too low a one, which never rises. */
void waitroom_drain(void *daemon)
{
    struct waitroom *w = daemon;
    w->draining = true;
    each_room(w, send_away);
}

void waitroom_close(void *daemon)
{
    struct waitroom *w = daemon;
    if (!w)
        return;
    wr_timer_free(w->tell_timer);
    wr_timer_free(w->second_timer);
    wr_redis_close(w->line); /* what is in flight ends first: it names rooms */
    wr_redis_close(w->stock);
    wr_sales_close(w->sales);
    each_room(w, room_free);
    wr_subscriber_close(w->line_channels);
    wr_subscriber_close(w->stock_channels);
    index_free(&w->channels);
    pages_close(w->pages);
    wr_keyring_close(w->ring);
    wr_ticket_key_free(w->ticket_key);
    free(w);
}
