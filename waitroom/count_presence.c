/* count_presence.c
 *
 *   a seat moves --> counts per block --once a second--> presence.lua --another table--> everybody's `ahead`
 *
 * Counted are those who wait and have not fallen silent, and those who left less than a minute ago. For telling only. */
#include "count_presence.h"
#include "keyspace.h"
#include "log.h"
#include "lua_waitroom.h"
#include "room.h"
#include <stdlib.h>

enum { AWAY_MS = 60000 };
static void on_presence(void *ctx, enum wr_err err, const struct wr_reply *reply);

void presence_follow(void *ctx, struct seat *s)
{
    struct room *room = ctx;
    struct shopper *p = SEAT_SHOPPER(s);
    bool present = seat_is_present(s);
    if (present == p->present)
        return;
    p->present = present;
    if (present)
        presence_add(&room->presence, p->ticket.place);
    else
        presence_remove(&room->presence, p->ticket.place);
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

static void send_presence(struct room *room, bool stays)
{
    struct wr_buf blocks = {0};
    if (stays)
        presence_pack(&room->presence, &blocks);
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_presence, room->sale);
    wr_arg_int(&args, room->gen);
    wr_arg_text(&args, room->w->me);
    wr_arg_printf(&args, "%llu", (unsigned long long)(room->table_known ? room->table.version : 0));
    wr_arg(&args, blocks.at, blocks.len);
    room->presence_in_flight = true;
    room->presence_written = stays;
    wr_redis_eval(room->w->line, &wr_lua_presence, &args, on_presence, room);
    wr_args_free(&args);
    wr_buf_free(&blocks);
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
    if (room_is_closed(room) || room->presence_in_flight || room->phase < WR_PHASE_LIVE)
        return;
    if (room->presence.total || room->presence_written ||
        list_first(&room->sessions)) /* the first to join needs the table */
        send_presence(room, room->presence.total != 0);
}

static void on_presence(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct room *room = ctx;
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    room->presence_in_flight = false;
    if (err)
        return;
    if (wr_reply_count(reply) < 2)
        return; /* no news, or closed: the tick says so too */
    size_t len;
    const char *table = wr_reply_text(wr_reply_at(reply, 1), &len);
    if (!table || len == 0)
        return;
    if (presence_table_read(&room->table, table, len, sale ? (uint64_t)sale->counter : 0) == WR_OK)
        room->table_known = true;
    else
        wr_warn("presence table is out of shape", "sale=%s bytes=%zu", room->sale, len);
}
