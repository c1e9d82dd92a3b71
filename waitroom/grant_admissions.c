/* grant_admissions.c
 *
 *   granted --> GIVEN: told, 10 s --entered--> INSIDE --its time--> OVER
 *   again   --> the same admission once more: another tab, a refresh, a lost answer
 *                 \--10 s--> QUIET: told that only a person may answer now; the row goes
 *   refused --> why
 *
 * Who has gone meanwhile gets nothing: the row waits out its 10 s. The token is signed when it is first told. */
#include "grant_admissions.h"
#include "clock.h"
#include "follow_orders.h"
#include "log.h"
#include "redis.h"
#include "room.h"
#include "tell_shopper.h"
#include "waitroom_metrics.h"
#include <stdlib.h>
#include <string.h>

enum { UP_TAKE_MS = 10000 };

static const char *text_at(const struct wr_reply *list, size_t i)
{
    return wr_reply_text(wr_reply_at(list, i), NULL);
}

static uint64_t place_at(const struct wr_reply *list, size_t i)
{
    return (uint64_t)wr_reply_int(wr_reply_at(list, i));
}

static int64_t admission_ms(const struct room *room)
{
    const struct wr_sale *sale = wr_sales_find(room->w->sales, room->sale);
    return sale ? (int64_t)sale->admission_s * 1000 : 0;
}

/* When `clock_ms` comes on this process's monotonic clock. */
static uint64_t mono_of(const struct room *room, int64_t clock_ms)
{
    int64_t in = clock_ms - room_clock(room);
    return room_now(room) + (in > 0 ? (uint64_t)in : 0);
}

static void admit(struct shopper *p, const char *jti, int64_t granted_ms, int64_t expires_ms, bool entered)
{
    struct room *room = p->room;
    if (strlen(jti) >= sizeof p->admission->jti) {
        wr_error("jti is too long", "sale=%s place=%llu", room->sale, (unsigned long long)p->ticket.place);
        return;
    }
    if (!p->admission || strcmp(p->admission->jti, jti) != 0) {
        shopper_drop_admission(p);
        p->admission = wr_alloc(sizeof *p->admission);
        wr_copy_text(p->admission->jti, sizeof p->admission->jti, jti, strlen(jti));
    }
    p->admission->granted_ms = granted_ms;
    p->admission->expires_ms = expires_ms;
    p->admission->entered |= entered;
    if (entered)
        line_enter(&room->line, &p->seat, mono_of(room, expires_ms));
    else
        line_give(&room->line, &p->seat, mono_of(room, expires_ms), room_now(room));
    follow_orders(p);
    shopper_tell(p, TELL_ADMITTED);
}

/* Its turn came and went: it waits again, once a person says so. */
static void missed(struct shopper *p)
{
    shopper_drop_admission(p);
    tell_position_soon(p, 1000);
    shopper_tell(p, TELL_CALLED);
}

static void refuse(struct shopper *p, const char *why)
{
    struct room *room = p->room;
    if (strcmp(why, "entered") ==
        0) { /* used at checkout while we thought it had fallen: `again` will bring the row */
        line_here(&room->line, &p->seat, true, room_now(room));
    } else if (strcmp(why, "late") == 0) {
        wr_metric_add(METRIC_MISSED, 1);
        if (p->seat.state == SEAT_INSIDE) { /* not one that came meanwhile, or whose order did */
            line_quiet(&room->line, &p->seat, true);
            missed(p);
        }
    } else if (strcmp(why, "fell") == 0) { /* at another worker, or before this seat came */
        if (p->seat.state == SEAT_READY) {
            line_quiet(&room->line, &p->seat, true);
            missed(p);
        }
    } else {
        shopper_end(p, strcmp(why, "spent") == 0     ? WR_ERR_SPENT
                       : strcmp(why, "blocked") == 0 ? WR_ERR_BLOCKED
                       : strcmp(why, "passed") == 0  ? WR_ERR_PASSED
                                                     : WR_ERR_TICKET_INVALID);
    }
}

void grant_admissions(struct room *room, const struct wr_reply *grants, const struct wr_reply *again,
                      const struct wr_reply *refused)
{
    struct shopper *p;
    for (size_t i = 0; i + 1 < wr_reply_count(grants); i += 2) {
        if ((p = room_shopper_at(room, place_at(grants, i))) != NULL) {
            admit(p, text_at(grants, i + 1), room->clock_ms, room->clock_ms + UP_TAKE_MS, false);
            wr_metric_add(METRIC_GRANTED, 1);
        } else {
            wr_metric_add(METRIC_MISSED, 1);
        }
    }
    for (size_t i = 0; i + 4 < wr_reply_count(again); i += 5) {
        if ((p = room_shopper_at(room, place_at(again, i))) == NULL)
            continue;
        admit(p, text_at(again, i + 1), wr_reply_int(wr_reply_at(again, i + 2)),
              wr_reply_int(wr_reply_at(again, i + 3)), wr_reply_int(wr_reply_at(again, i + 4)) != 0);
        wr_metric_add(METRIC_AGAIN, 1);
    }
    for (size_t i = 0; i + 1 < wr_reply_count(refused); i += 2) {
        if ((p = room_shopper_at(room, place_at(refused, i))) != NULL)
            refuse(p, text_at(refused, i + 1));
    }
}

void admission_sign(struct shopper *p)
{
    struct room *room = p->room;
    struct admission *a = p->admission;
    char text[WR_TOKEN_MAX];
    if (a->token)
        return;
    int64_t now_s = wr_wall_ms() / 1000, left_ms = a->granted_ms + admission_ms(room) - room_clock(room);
    struct wr_token token = {.run = room->run,
                             .gen = strtoll(strchr(a->jti, '-') + 1, NULL, 10), /* the one that granted it */
                             .lane = p->ticket.lane,
                             .place = p->ticket.place,
                             .granted_ms = a->granted_ms,
                             .issued_s = now_s,
                             .not_before_s = now_s,
                             .expires_s = now_s + (left_ms > 0 ? left_ms / 1000 : 0)};
    memcpy(token.sale, room->sale, sizeof token.sale);
    memcpy(token.shopper, p->ticket.shopper, sizeof token.shopper);
    memcpy(token.jti, a->jti, sizeof token.jti);
    wr_token_sign(room->w->ring, &token, text);
    a->token = wr_strdup(text);
    a->token_expires_ms = token.expires_s * 1000;
}

void admission_entered(struct shopper *p)
{
    struct room *room = p->room;
    if (p->seat.state != SEAT_GIVEN || !p->admission)
        return;
    room_say(room, SAY_ENTERED, p->ticket.place, p->admission->jti);
    p->admission->entered = true;
    p->admission->expires_ms = p->admission->granted_ms + admission_ms(room);
    line_enter(&room->line, &p->seat, mono_of(room, p->admission->expires_ms));
    wr_metric_add(METRIC_ENTERED, 1);
}

void admission_fell(void *ctx, struct seat *s)
{
    struct shopper *p = SEAT_SHOPPER(s);
    if (p->admission)
        room_say(ctx, SAY_EXPIRED, p->ticket.place, p->admission->jti);
    wr_metric_add(METRIC_FELL, 1);
    missed(p);
}

void admission_over(void *ctx, struct seat *s)
{
    struct shopper *p = SEAT_SHOPPER(s);
    (void)ctx;
    shopper_drop_admission(p);
    p->spent = p->told_spent = true;
    shopper_tell(p, TELL_SPENT);
}
