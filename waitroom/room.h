/* room.h - one sale at this worker: its line, its sockets, its shoppers, and what the ticks know. Rooms live
 * as long as the process. */
#ifndef WR_ROOM_H
#define WR_ROOM_H
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
    enum wr_phase phase;
    enum wr_mode mode;

    struct line line;
    struct index by_place, by_shopper;
    struct link sessions, pollers;

    struct link joiners;
    bool join_deferred, join_in_flight;

    struct wr_timer *tick_timer;
    bool tick_in_flight, full; /* full: the next tick hands in the whole list */
    bool in_step;              /* the last tick was answered, and not with `resync` */
    uint64_t full_ms;          /* when the next full list is due anyway */
    uint64_t tick_sent_us;
    int64_t tick_run, tick_gen;
    size_t says_sent, say_count, say_cap;
    struct say *says;
    size_t handed_sent;
    int64_t sent_asked, sent_answered; /* by the tick in flight */
    size_t stride, target;
    int64_t clock_ms; /* the line's, at clock_mono_ms */
    uint64_t clock_mono_ms;
    double yield;

    struct presence presence;
    struct presence_table table;
    bool table_known, presence_in_flight, presence_written;
    uint64_t counter_seen[3]; /* the line's counter at the last looks at the table: places up to the oldest
                                 are in it */
    struct index away_by_place;
    struct link away;

    struct link wheel[PUSH_SLOTS], due;
    uint64_t wheel_ms;

    unsigned broadcast;        /* being told to every session */
    struct link *broadcast_at; /* the next one; NULL: nothing under way */
    unsigned broadcast_next;   /* to be told when this round has ended */
    uint64_t broadcast_ms;     /* when the last round began */
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
int64_t room_clock(const struct room *room); /* the line's clock, now */
struct shopper *room_shopper_at(const struct room *room, uint64_t place);
struct shopper *room_shopper_of(const struct room *room, const char *shopper);
void room_say(struct room *room, enum say_kind kind, const struct shopper *p); /* of its admission */
uint64_t room_now(const struct room *room);                                    /* monotonic ms */
extern const struct line_events room_line_events;

/* join_line.c */
void join_line(struct room *room, struct joiner *joiner); /* joiner->shopper and ->done are set */
void joiner_leave(struct room *room, struct joiner *joiner);
void join_try(struct room *room); /* numbers may be had again */
void join_session(struct session *s, const char *ticket, const char *was);
enum wr_err check_ticket(struct room *room, const char *text, const char *shopper, struct wr_ticket *out);
struct shopper *resume_place(struct room *room, const struct wr_ticket *ticket, const char *was);
struct shopper *take_place(struct room *room, const char *shopper, uint64_t place);
void on_worker_channel(void *ctx, const char *channel, const char *message, size_t len);

/* tick_line.c */
void tick_line(void *ctx);
void tick_resync(struct room *room); /* a new generation: the whole list, and every admission that lives */

/* grant_admissions.c */
struct wr_reply;
void grant_admissions(struct room *room, const struct wr_reply *grants, const struct wr_reply *again,
                      const struct wr_reply *refused);
void admission_sign(struct shopper *p);
void admission_entered(struct shopper *p); /* the page has kept the token */
void admission_fell(void *ctx, struct seat *s);
void admission_over(void *ctx, struct seat *s);

/* tell_shopper.c */
void tell_turn(void *ctx); /* every TELL_TURN_MS */
void tell_everybody(struct room *room, unsigned tell, bool at_once);
void tell_position_soon(struct shopper *p, uint64_t within_ms);
void position_update(struct shopper *p); /* ahead, eta and next_s as of now */
const struct wr_buf *tell_sale_message(struct room *room);
int tell_reconnect_within_s(const struct waitroom *w);

/* count_presence.c */
void presence_update(struct shopper *p);
void presence_left(struct room *room, uint64_t place); /* counted for a minute more */
void presence_back(struct room *room, uint64_t place);
void count_presence(struct room *room); /* once a second */
void presence_withdraw(struct room *room);

/* follow_orders.c */
void follow_orders(struct shopper *p); /* from now on; reads them at once */
void unfollow_orders(struct shopper *p);
void on_order_channel(void *ctx, const char *channel, const char *message, size_t len);
void on_order_channels_restored(void *ctx);
void read_followed_orders(struct waitroom *w); /* ten times a second: each once a minute */

/* poll_line.c */
void pollers_sweep(struct room *room);

#endif
