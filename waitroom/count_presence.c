/* count_presence.c
 *
 *   who arrives, leaves, is admitted --> counts per block --once a second--> presence.lua --another table-->
 * everybody's `ahead`
 *
 * Counted are those who wait, and those who left less than a minute ago. For telling only. */
#include "log.h"
#include "lua_waitroom.h"
#include "redis_keys.h"
#include "room.h"
#include <stdlib.h>

enum { AWAY_MS = 60000 };
static void on_presence(void *ctx, enum wr_err err, const struct wr_reply *reply);

void presence_update(struct shopper *p)
{
    enum seat_state state = p->seat.state;
    bool waits = state == SEAT_UNCALLED || state == SEAT_ASKED || state == SEAT_READY || state == SEAT_QUIET;
    if (waits == p->present)
        return;
    p->present = waits;
    if (waits)
        presence_add(&p->room->presence, p->ticket.place);
    else
        presence_remove(&p->room->presence, p->ticket.place);
}

void presence_left(struct room *room, uint64_t place)
{
    struct away *away = wr_alloc(sizeof *away);
    link_init(&away->link);
    away->until_ms = room_now(room) + AWAY_MS;
    index_add(&room->away_by_place, &away->by_place, place);
    list_append(&room->away, &away->link);
    presence_add(&room->presence, place);
}

void presence_back(struct room *room, uint64_t place)
{
    struct index_node *node = index_find(&room->away_by_place, place);
    if (!node)
        return;
    struct away *away = LINK_OWNER(node, struct away, by_place);
    index_remove(&room->away_by_place, node);
    link_out(&away->link);
    presence_remove(&room->presence, place);
    free(away);
}

static void send_presence(struct room *room, uint64_t width)
{
    struct wr_args args = {0};
    key_of_line(&args, room->sale, "line");
    key_of_line(&args, room->sale, "presence");
    key_of_line(&args, room->sale, "table");
    wr_arg_int(&args, room->gen);
    wr_arg_text(&args, room->w->me);
    wr_arg_printf(&args, "%llu", (unsigned long long)(room->table_known ? room->table.version : 0));
    wr_arg_printf(&args, "%llu", (unsigned long long)width);
    for (size_t i = 0; width && i < PRESENCE_BLOCKS; i++) {
        if (!room->presence.counts[i])
            continue;
        wr_arg_int(&args, (int64_t)i);
        wr_arg_int(&args, room->presence.counts[i]);
    }
    room->presence_in_flight = true;
    room->presence_written = width != 0;
    wr_redis_eval(room->w->line, &wr_lua_presence, &args, on_presence, room);
    wr_args_free(&args);
}

void count_presence(struct room *room)
{
    uint64_t now = room_now(room);
    for (struct link *l; (l = list_first(&room->away)) != NULL;) {
        struct away *away = LINK_OWNER(l, struct away, link);
        if (away->until_ms > now)
            break;
        presence_back(room, away->by_place.key);
    }
    if (room->closed || room->presence_in_flight || room->phase < WR_PHASE_LIVE)
        return;
    if (room->presence.total || room->presence_written ||
        list_first(&room->sessions)) /* the first to join needs the table */
        send_presence(room, room->presence.total ? room->presence.width : 0);
}

void presence_withdraw(struct room *room)
{
    if (room->presence_written && !room->closed)
        send_presence(room, 0);
}

static void on_presence(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct room *room = ctx;
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    room->presence_in_flight = false;
    if (err)
        return;
    room->counter_seen[2] = room->counter_seen[1];
    room->counter_seen[1] = room->counter_seen[0];
    room->counter_seen[0] = sale ? (uint64_t)sale->counter : 0;
    if (wr_reply_count(reply) < 2)
        return; /* no news, or closed: the tick says so too */
    size_t len;
    const char *table = wr_reply_text(wr_reply_at(reply, 1), &len);
    if (!table || len == 0)
        return;
    if (presence_table_read(&room->table, table, len) == WR_OK)
        room->table_known = true;
    else
        wr_warn("presence table is out of shape", "sale=%s bytes=%zu", room->sale, len);
}
