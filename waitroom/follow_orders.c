/* follow_orders.c
 *
 *   admitted, or spent --> subscribe wr:shopper:<id> --in force--> orders_of.lua --> `order` messages (then `spent`)
 *                               |                                       ^
 *                               a status --> `order`                    restored subscription, and once a minute anyway
 *
 * Subscribe first, read second, so that nothing falls between. Every status carries its order's event number; lower ones are
 * ignored. One channel a shopper, whatever number of sales they are in. */
#include "follow_orders.h"
#include "keyspace.h"
#include "log.h"
#include "lua_waitroom.h"
#include "order_view.h"
#include "room.h"
#include "waitroom_metrics.h"
#include <stdlib.h>
#include <string.h>

struct channel {
    struct index_node node;
    struct link link; /* w->channel_list */
    struct link followers;
    struct waitroom *w;
    char shopper[WR_SHOPPER_LEN + 1];
    bool subscribed;
};
struct reading { /* an order read that is under way */
    struct waitroom *w;
    char sale[WR_SALE_LEN + 1], shopper[WR_SHOPPER_LEN + 1];
};
static void on_subscribed(void *ctx);
static void read_orders(struct shopper *p);
static void on_orders(void *ctx, enum wr_err err, const struct wr_reply *reply);

/* ---- channels ---- */
static struct channel *find_channel(struct waitroom *w, const char *shopper)
{
    struct index_node *node = index_find(&w->channels, shopper_hash(shopper));
    for (; node; node = index_find_next(node)) {
        struct channel *c = LINK_OWNER(node, struct channel, node);
        if (strcmp(c->shopper, shopper) == 0)
            return c;
    }
    return NULL;
}

static struct channel *open_channel(struct waitroom *w, const char *shopper)
{
    char name[WR_CHANNEL_MAX];
    struct channel *c = wr_alloc(sizeof *c);
    c->w = w;
    memcpy(c->shopper, shopper, sizeof c->shopper);
    link_init(&c->link);
    link_init(&c->followers);
    index_add(&w->channels, &c->node, shopper_hash(shopper));
    list_append(&w->channel_list, &c->link);
    wr_channel_of_shopper(name, shopper);
    wr_subscribe(w->stock_channels, name, on_subscribed, c);
    return c;
}

void follow_orders(struct shopper *p)
{
    struct waitroom *w = p->room->w;
    if (!p->channel) {
        p->channel = find_channel(w, p->ticket.shopper);
        if (!p->channel)
            p->channel = open_channel(w, p->ticket.shopper);
        list_append(&p->channel->followers, &p->follower);
    }
    if (p->channel->subscribed)
        read_orders(p);
}

void unfollow_orders(struct shopper *p)
{
    struct channel *c = p->channel;
    char name[WR_CHANNEL_MAX];
    if (!c)
        return;
    link_out(&p->follower);
    p->channel = NULL;
    if (list_first(&c->followers))
        return;
    wr_channel_of_shopper(name, c->shopper);
    wr_unsubscribe(c->w->stock_channels, name);
    index_remove(&c->w->channels, &c->node);
    link_out(&c->link);
    free(c);
}

static void read_followers(struct channel *c)
{
    for (struct link *l = c->followers.next; l != &c->followers; l = l->next)
        read_orders(LINK_OWNER(l, struct shopper, follower));
}

static void on_subscribed(void *ctx)
{
    struct channel *c = ctx;
    c->subscribed = true;
    read_followers(c);
}

void on_order_channels_restored(void *ctx)
{
    struct waitroom *w = ctx;
    w->channels_to_read = w->channels.count; /* messages in the gap were lost */
}

/* Each channel once a minute; after a gap all of them, in slices. */
void read_followed_orders(struct waitroom *w)
{
    size_t n = (w->channels.count + 599) / 600;
    if (!wr_redis_connected(w->stock))
        return;
    if (w->channels_to_read) {
        n = w->channels_to_read < 200 ? w->channels_to_read : 200;
        w->channels_to_read -= n;
    }
    for (struct link *l; n && (l = list_first(&w->channel_list)) != NULL; n--) {
        list_append(&w->channel_list, l);
        struct channel *c = LINK_OWNER(l, struct channel, link);
        if (c->subscribed)
            read_followers(c);
    }
}

/* Read at the next turn: it was not answered. */
static void read_again(struct waitroom *w, const char *shopper)
{
    struct channel *c = find_channel(w, shopper);
    if (!c)
        return;
    list_prepend(&w->channel_list, &c->link);
    if (w->channels_to_read < w->channels.count)
        w->channels_to_read++;
}

/* ---- orders ---- */
static void read_orders(struct shopper *p)
{
    struct room *room = p->room;
    struct wr_args args = {0};
    struct reading *reading = wr_alloc(sizeof *reading);
    reading->w = room->w;
    memcpy(reading->sale, room->sale, sizeof reading->sale);
    memcpy(reading->shopper, p->ticket.shopper, sizeof reading->shopper);
    wr_key_script(&args, &wr_lua_orders_of, room->sale);
    wr_arg_text(&args, p->ticket.shopper);
    wr_metric_add(METRIC_ORDERS_READ, 1);
    wr_redis_eval(room->w->stock, &wr_lua_orders_of, &args, on_orders, reading);
    wr_args_free(&args);
}

/* Keeps the newest status of each order; returns whether this one was news. */
static bool keep_order(struct shopper *p, const char *id, int64_t event, const char *text)
{
    struct order *order = NULL;
    for (size_t i = 0; i < p->order_count; i++) {
        if (strcmp(p->orders[i].id, id) == 0)
            order = &p->orders[i];
    }
    if (order && order->event >= event)
        return false;
    if (!order) {
        if (p->order_count == ORDERS_MAX) { /* the oldest is the one least asked for */
            free(p->orders[0].text);
            memmove(p->orders, p->orders + 1, --p->order_count * sizeof *p->orders);
        }
        p->orders = wr_realloc(p->orders, (p->order_count + 1) * sizeof *p->orders);
        order = &p->orders[p->order_count++];
        *order = (struct order){0};
        wr_copy_text(order->id, sizeof order->id, id, strlen(id));
    }
    free(order->text);
    order->text = wr_strdup(text);
    order->event = event;
    order->told = false;
    return true;
}

static bool take_record(struct shopper *p, const char *text, size_t len)
{
    struct wr_order_view order;
    char why[160];
    enum wr_err err = wr_order_view_read(&order, text, len, why);
    if (err) {
        wr_warn("order record is out of shape", "sale=%s what=\"%s\"", p->room->sale, why);
        return false;
    }
    struct wr_buf message = {0};
    struct wr_json *view = wr_order_view_json(&order);
    wr_json_set(view, "type", wr_json_build("s", "order"));
    wr_json_render(view, &message);
    wr_json_free(view);
    bool news = keep_order(p, order.order_id, order.event, message.at);
    wr_buf_free(&message);
    if (p->admission &&
        strcmp(p->admission->jti, order.jti) == 0) { /* this admission became an order: the slot is back */
        room_say(p->room, SAY_LEFT, p->ticket.place, order.jti); /* unless a hand-in of ours brought the row back */
        line_depart(&p->room->line, &p->seat);
        shopper_drop_admission(p);
        p->spent = true;
    }
    return news;
}

static void on_orders(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct reading *reading = ctx;
    struct room *room = room_find(reading->w, reading->sale);
    struct shopper *p = room ? room_shopper_of(room, reading->shopper) : NULL;
    if (err)
        read_again(reading->w, reading->shopper);
    free(reading);
    if (!p || err)
        return;
    bool news = false;
    for (size_t i = 0; i < wr_reply_count(reply); i++) {
        size_t len;
        const char *text = wr_reply_text(wr_reply_at(reply, i), &len);
        news |= take_record(p, text, len);
    }
    bool spent = p->spent && !p->told_spent;
    p->told_spent |= spent;
    if (news || spent)
        shopper_tell(p, (news ? TELL_ORDERS : 0) | (spent ? TELL_SPENT : 0));
}

struct status {
    char type[16], sale[WR_SALE_LEN + 1], order_id[WR_UUID_LEN + 1];
    int64_t event;
};
static const struct wr_json_field status_fields[] = {
    WR_FIELD_TEXT(struct status, type, "type", true),
    WR_FIELD_TEXT(struct status, sale, "sale", true),
    WR_FIELD_TEXT(struct status, order_id, "queue_ticket_id", true),
    WR_FIELD_INT(struct status, event, "event", true, 0, 0),
    {0},
};

void on_order_channel(void *ctx, const char *channel, const char *message, size_t len)
{
    struct waitroom *w = ctx;
    struct channel *c = find_channel(w, wr_channel_shopper(channel));
    struct wr_json *v;
    struct status status;
    char why[160];
    if (!c || wr_json_parse(&v, message, len, why))
        return;
    enum wr_err err = wr_json_decode(v, status_fields, &status, why);
    wr_json_free(v);
    struct room *room = err || strcmp(status.type, "order") != 0 ? NULL : room_find(w, status.sale);
    struct shopper *p = room ? room_shopper_of(room, c->shopper) : NULL;
    if (!p)
        return;
    struct wr_buf text = {0};
    size_t before = p->order_count;
    wr_buf_add(&text, message, len);
    if (keep_order(p, status.order_id, status.event, text.at))
        shopper_tell(p, TELL_ORDERS);
    wr_buf_free(&text);
    if (p->order_count != before || p->admission)
        read_orders(p); /* whose order it is: the record names the admission */
}
