/* follow_orders.c
 *
 *   admitted, or spent --> subscribe wr:shopper:<id> --in force--> orders_of.lua --> `order` messages (then
 * `spent`) |                                       ^ a status --> `order`                    restored
 * subscription, and once a minute anyway
 *
 * Subscribe first, read second, so that nothing falls between. Every status carries its order's event number;
 * lower ones are ignored. One channel a shopper, whatever number of sales they are in. */
#include "json.h"
#include "log.h"
#include "lua_waitroom.h"
#include "meters.h"
#include "redis_keys.h"
#include "room.h"
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
static uint64_t front_of(const char *shopper)
{
    uint64_t v = 0;
    wr_unhex(shopper, 16, &v);
    return v;
}

static struct channel *find_channel(struct waitroom *w, const char *shopper)
{
    struct index_node *node = index_find(&w->channels, front_of(shopper));
    for (; node; node = index_find_next(node)) {
        struct channel *c = LINK_OWNER(node, struct channel, node);
        if (strcmp(c->shopper, shopper) == 0)
            return c;
    }
    return NULL;
}

static struct channel *open_channel(struct waitroom *w, const char *shopper)
{
    char name[CHANNEL_MAX];
    struct channel *c = wr_alloc(sizeof *c);
    c->w = w;
    memcpy(c->shopper, shopper, sizeof c->shopper);
    link_init(&c->link);
    link_init(&c->followers);
    index_add(&w->channels, &c->node, front_of(shopper));
    list_append(&w->channel_list, &c->link);
    channel_of_shopper(name, shopper);
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
    char name[CHANNEL_MAX];
    if (!c)
        return;
    link_out(&p->follower);
    p->channel = NULL;
    if (list_first(&c->followers))
        return;
    channel_of_shopper(name, c->shopper);
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

/* ---- orders ---- */
static void read_orders(struct shopper *p)
{
    struct room *room = p->room;
    struct wr_args args = {0};
    struct reading *reading = wr_alloc(sizeof *reading);
    reading->w = room->w;
    memcpy(reading->sale, room->sale, sizeof reading->sale);
    memcpy(reading->shopper, p->ticket.shopper, sizeof reading->shopper);
    key_of_stock(&args, room->sale, "orders_of");
    key_of_stock(&args, room->sale, "orders");
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

struct record {
    char order_id[WR_UUID_LEN + 1], sale[WR_SALE_LEN + 1], sku[WR_SKU_LEN + 1], status[20], jti[WR_JTI_MAX];
    char payment_url[1001], reason[201];
    int64_t quantity, event, expires_at;
};
static const struct wr_json_field record_fields[] = {
    WR_FIELD_TEXT(struct record, order_id, "order_id", true),
    WR_FIELD_TEXT(struct record, sale, "sale", true),
    WR_FIELD_TEXT(struct record, sku, "sku", true),
    WR_FIELD_TEXT(struct record, status, "status", true),
    WR_FIELD_TEXT(struct record, jti, "jti", true),
    WR_FIELD_TEXT(struct record, payment_url, "payment_url", false),
    WR_FIELD_TEXT(struct record, reason, "reason", false),
    WR_FIELD_INT(struct record, quantity, "quantity", true, 0, 0),
    WR_FIELD_INT(struct record, event, "event", true, 0, 0),
    WR_FIELD_INT(struct record, expires_at, "expires_at", false, 0, 0),
    {0},
};

static void render_record(const struct record *r, struct wr_buf *out)
{
    struct wr_json *message = wr_json_build("{s:s, s:s, s:s, s:s, s:I, s:s, s:I}", "type", "order", "sale",
                                            r->sale, "queue_ticket_id", r->order_id, "sku", r->sku,
                                            "quantity", r->quantity, "status", r->status, "event", r->event);
    if (r->payment_url[0])
        wr_json_set(message, "payment_url", wr_json_build("s", r->payment_url));
    if (r->expires_at)
        wr_json_set(message, "expires_at", wr_json_build("I", r->expires_at));
    if (r->reason[0])
        wr_json_set(message, "reason", wr_json_build("s", r->reason));
    wr_json_render(message, out);
    wr_json_free(message);
}

static bool take_record(struct shopper *p, const char *text, size_t len)
{
    struct wr_json *v;
    struct record r = {0};
    char why[160];
    bool news = false;
    enum wr_err err = wr_json_parse(&v, text, len, why);
    if (err == WR_OK) {
        err = wr_json_decode(v, record_fields, &r, why);
        wr_json_free(v);
    }
    if (err) {
        wr_warn("order record is out of shape", "sale=%s what=\"%s\"", p->room->sale, why);
        return false;
    }
    struct wr_buf message = {0};
    render_record(&r, &message);
    news = keep_order(p, r.order_id, r.event, message.at);
    wr_buf_free(&message);
    if (p->admission &&
        strcmp(p->admission->jti, r.jti) == 0) { /* this admission became an order: the slot is back */
        line_depart(&p->room->line, &p->seat);
        presence_update(p);
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
    free(reading);
    if (!p || err)
        return; /* read again within a minute */
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
    struct channel *c = find_channel(w, channel_shopper(channel));
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
