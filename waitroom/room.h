/* room.h - one sale at this worker: its line, its sockets, its shoppers, and what the ticks know. Rooms live
 * as long as the process. What happens in one: a header a flow (join_line.h, tick_line.h, ...). */
#ifndef WAITROOM_ROOM_H
#define WAITROOM_ROOM_H
#include "estimate.h"
#include "lap.h"
#include "line.h"
#include "presence.h"
#include "session.h"
#include "shopper.h"
#include "waitroomd.h"

enum { PUSH_SLOTS = 256, PUSH_SLOT_MS = 100 };

struct say { /* what the next tick says of an admission, until a tick was answered */
    enum say_kind { SAY_ENTERED, SAY_EXPIRED, SAY_LEFT } kind;
    uint64_t place;
    char jti[WR_JTI_MAX];
};

struct away { /* left a moment ago: still counted */
    struct index_node by_place;
    struct link link;
    uint64_t until_ms;
};

struct room {
    struct link link;
    struct waitroom *w;
    char sale[WR_SALE_LEN + 1];
    int64_t run, gen;
    bool closed, gone;
    bool closed_told; /* its shoppers know: they are not bothered with what is over in a moment */
    uint64_t closed_ms; /* since when it is */
    bool freed; /* join_line.c frees it */
    enum wr_phase phase;
    enum wr_mode mode;

    struct line line;
    struct index by_place, by_shopper;
    struct link sessions, pollers, polls; /* polls: to be answered once their places are known here */

    struct link joiners;
    bool join_deferred, join_in_flight;
    uint64_t number_next; /* of those that Redis gave */
    int64_t numbers_left; /* not handed to their joiners yet */

    struct wr_timer *tick_timer;
    bool tick_in_flight, full; /* full: the next tick hands in the whole list */
    bool in_step;              /* the last tick was answered, and not with `resync` */
    uint64_t full_ms;          /* when the next full list is due anyway */
    uint64_t ticks, ticks_known; /* how many were sent; the last that was answered in step */
    uint64_t tick_sent_us;
    int64_t tick_run, tick_gen, join_run; /* when the call in flight was sent */
    size_t says_sent, say_count, say_cap;
    struct say *says;
    size_t handed_sent;
    int64_t sent_asked, sent_answered; /* by the tick in flight */
    size_t stride, target;
    int64_t clock_ms; /* the line's, at clock_mono_ms */
    uint64_t clock_mono_ms;
    int64_t clock_gen; /* the generation that was told it */
    double yield;
    enum line_limit limit;
    uint64_t limit_ms; /* since when */

    struct presence presence;
    struct presence_table table;
    bool table_known, presence_in_flight, presence_written;
    struct index away_by_place;
    struct link away;

    struct link wheel[PUSH_SLOTS], due;
    uint64_t wheel_ms;

    struct lap lap;          /* of the sessions that are told `broadcast` */
    uint64_t sale_news;      /* how many changes of the sale there were to tell */
    unsigned broadcast;      /* being told to every session */
    unsigned broadcast_next; /* to be told when this lap is over */
    uint64_t broadcast_ms;   /* when the last lap began */
    int64_t told_left;
    char told_message[501];
    struct wr_buf sale_message;
    uint64_t sale_message_ms;
    struct wr_buf document; /* GET /v1/sales/{sale} */
    char etag[20];
};

struct room *room_find(struct waitroom *w, const char *sale); /* NULL: no such sale is published */
void room_on_sale(void *ctx, const struct wr_sale *sale);     /* wr_sales: something changed */
void room_on_sale_gone(void *ctx, const char *sale);
void room_free(struct room *room);
/* Ten times a second: who waits is told that the line is closed when it has been for a while. */
void room_tell_closed(struct room *room);
/* As of now, not as of the last look: another Redis process may have come, and nothing may be asked of it before
 * its own generation opens. Every call that writes the line asks this first. */
bool room_is_closed(const struct room *room);
int64_t room_clock(const struct room *room); /* the line's clock, now */
struct shopper *room_shopper_at(const struct room *room, uint64_t place);
struct shopper *room_shopper_of(const struct room *room, const char *shopper);
void room_say(struct room *room, enum say_kind kind, uint64_t place, const char *jti);
uint64_t room_now(const struct room *room); /* monotonic ms */
extern const struct line_events room_line_events;

#endif
