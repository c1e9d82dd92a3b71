/* shopper.h - one shopper with a place in one sale, at this worker: on a socket, or polling. */
#ifndef WAITROOM_SHOPPER_H
#define WAITROOM_SHOPPER_H
#include "estimate.h"
#include "id.h"
#include "index.h"
#include "line.h"
#include "ticket.h"
#include "token.h"

struct room;
struct session;
struct channel;

struct admission { /* as the row in Redis has it; times on the line's clock */
    char jti[WR_JTI_MAX];
    int64_t granted_ms, expires_ms;
    bool entered;
    char *token;              /* signed when first told */
    int64_t token_expires_ms; /* wall */
};

struct order {
    char id[WR_UUID_LEN + 1];
    int64_t event;
    char *text; /* the message */
    bool told;  /* to the socket that is there now */
};
enum { ORDERS_MAX = 16 };

struct shopper {
    struct seat seat;
    struct index_node by_place, by_shopper;
    struct room *room;
    struct session *session; /* NULL: polls */
    uint64_t visit;          /* w->visits when its page came: whoever says later that it went on names this */
    struct wr_ticket ticket; /* place, shopper id, what was told at joining */
    struct admission *admission;
    struct order *orders;
    size_t order_count;
    struct channel *channel; /* its orders are followed */
    struct link follower;    /* in the channel */
    bool present;            /* counted */
    bool spent, told_spent;  /* has had its turn: told after its orders */
    enum wr_err refused;     /* why the line is over for this place; WR_OK: it is not, or spent */
    bool handing_in;         /* its admission is not known to the generation in force */
    uint64_t gone_ms;        /* a poller that was not heard until then has gone */
    struct link poller;
    struct link push; /* in the wheel of position pushes */
    int64_t ahead;    /* shown last; -1: nothing yet */
    struct estimate eta;
    bool eta_known;
    enum line_limit limit; /* told with it */
    double next_s;
};
#define SEAT_SHOPPER(s) LINK_OWNER(s, struct shopper, seat)

enum { VISIT_MAX = 34 }; /* `<worker>-<visit, hex>`: the `worker` that a page is told, and its `was` */

uint64_t shopper_hash(const char *shopper); /* the first 64 bits of the id, which is a digest */
/* Takes its place among the room's shoppers. The place is nobody's at this worker. */
struct shopper *shopper_new(struct room *room, const struct wr_ticket *ticket);
void shopper_free(struct shopper *p); /* leaves the line; its session, if any, is OPEN again */
/* It came from elsewhere to the seat that it had left here. */
void shopper_returns(struct shopper *p);
/* Freed because of `by`, a newer connection of its browser (NULL: a poll, or another worker's); an older one is told so. */
void shopper_replace(struct shopper *p, const struct session *by);
/* On purpose, said by `by`: the slot goes back, too. */
void shopper_leave(struct shopper *p, const struct session *by);
/* The newest connection; an older one is told so. */
void shopper_attach(struct shopper *p, struct session *s);
/* Its position as of now; the ticket keeps the first estimate. */
void shopper_estimate(struct shopper *p);
/* The socket is gone: it counts as away for a minute. */
void shopper_away(struct shopper *p);
void shopper_drop_admission(struct shopper *p);
/* Tells its socket, if there is one; a poller reads the state at its next poll. */
void shopper_tell(struct shopper *p, unsigned tell);
void shopper_end(struct shopper *p, enum wr_err why); /* no more of the line for this place */

#endif
