/* tally.h - what the crowd has seen: counters and samples in memory that all processes share. Only numbers of
 * the client's own; what the servers know is in accounts.h. */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H
#include "plan.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row: name in the code, name in the JSON report. */
#define COUNTS(X)                                                                                            \
    X(ARRIVED, "arrived") /* have begun */                                                                   \
    X(SESSIONS, "sessions")                                                                                  \
    X(JOINED, "joined")   /* have got a place */                                                             \
    X(RETURNS, "returns") /* tickets handed in again, answered */                                            \
    X(PLACES_KEPT, "places_kept")                                                                            \
    X(PLACES_CHANGED, "places_changed")                                                                      \
    X(PLACES_REFUSED, "places_refused") /* of shoppers who had a place and were told that they have none */  \
    X(KEPT_OUT, "kept_out")             /* wanted to be in line for too long when the run ended */           \
    X(TURNED_AWAY, "turned_away")       /* wanted to buy and ended without a unit */                         \
    X(FOUND_NONE, "found_none_left")    /* the same, and had been told so until their admission ended */     \
    X(AHEAD_ROSE, "ahead_rose") /* positions that went up on one socket */                                   \
    X(CALLED, "called")                                                                                      \
    X(ADMITTED, "admitted")   /* distinct tokens */                                                          \
    X(ENTERED, "entered")     /* of these, answered with `entered` */                                        \
    X(CHECKOUTS, "checkouts") /* shoppers who pressed buy */                                                 \
    X(RETRIES, "checkout_retries")                                                                           \
    X(AFTER_SOLD_OUT, "asked_after_sold_out")                                                                \
    X(ACCEPTED, "accepted") /* answers 202, one a shopper */                                                 \
    X(PAID, "paid")                                                                                          \
    X(CONFIRMED, "confirmed")       /* was told so */                                                        \
    X(POLLED, "told_by_polling")    /* order states that came by asking, not by the socket */                \
    X(SOCKETS_LOST, "sockets_lost") /* closed by the other side or the network */                            \
    X(CONNECTS_FAILED, "connects_failed")                                                                    \
    X(NO_ANSWERS, "requests_unanswered")                                                                     \
    X(OVER, "over")               /* shoppers who are at their end */                                        \
    X(OPEN_ORDERS, "open_orders") /* bought and not at their end */                                          \
    X(BAD_MESSAGES, "bad_messages")

enum count {
#define X(name, text) COUNT_##name,
    COUNTS(X)
#undef X
        COUNT_COUNT
};

/* How a shopper's journey ended. */
#define ENDS(X)                                                                                              \
    X(CONFIRMED, "confirmed")                                                                                \
    X(SOLD_OUT, "sold_out") /* waited until everything was sold */                                           \
    X(WAITING, "waiting")   /* still in line when the run ended */                                           \
    X(BUYING, "buying")     /* still buying when the run ended */                                            \
    X(ABSENT, "absent")                                                                                      \
    X(DEAF, "deaf")                                                                                          \
    X(IDLE, "never_bought")                                                                                  \
    X(LATE, "too_late") /* the admission ended first */                                                      \
    X(EXPIRED, "expired")                                                                                    \
    X(CANCELLED, "cancelled")                                                                                \
    X(FAILED, "failed")                                                                                      \
    X(REFUNDED, "refunded")                                                                                  \
    X(REFUSED, "refused") /* by an answer the journey does not expect */

enum end {
    END_NONE,
#define X(name, text) END_##name,
    ENDS(X)
#undef X
        END_COUNT
};

#define PROBLEMS_MAX 48
#define ORDER_ID_LEN 36

struct problem { /* an answer that was not the expected one, with how often it came */
    char what[96];
    uint64_t count;
};

struct tally {
    atomic_uint_least64_t counts[COUNT_COUNT], ends[END_COUNT];
    atomic_bool stop; /* the run is over: say what is still open */
    bool sold_out;    /* set before stop: everything was sold */
    atomic_flag problems_lock;
    struct problem problems[PROBLEMS_MAX];
    /* Samples: `used` grows past `cap` when there are more than expected, and the rest is not kept. */
    size_t cap;
    atomic_size_t grants_used, acks_used, joins_used, returns_used, places_used, orders_used;
    int64_t *grants; /* the `granted` of each token, ms */
    uint32_t *acks;  /* from pressing buy to the arrival of the 202, us */
    uint32_t *joins; /* from the socket's connect to the ticket, us */
    uint32_t *returns; /* from the loss of the socket, or the wish to be back, to the ticket, us */
    uint64_t *places;
    char (*orders)[ORDER_ID_LEN + 1];
};

struct tally *tally_new(size_t shoppers);
void tally_add(struct tally *t, enum count count, int64_t n);
uint64_t tally_read(const struct tally *t, enum count count);
const char *tally_count_name(enum count count);
const char *tally_end_name(enum end end);
void tally_grant(struct tally *t, int64_t granted_ms);
void tally_ack(struct tally *t, uint64_t us);
void tally_join(struct tally *t, uint64_t us, uint64_t place);
void tally_return(struct tally *t, uint64_t us);
void tally_order(struct tally *t, const char *order_id);
void tally_problem(struct tally *t, const char *what);
size_t tally_kept(const struct tally *t, const atomic_size_t *used);

/* The p-th part (0 to 1) of `count` samples, which it sorts; 0 when there are none. */
uint32_t tally_percentile(uint32_t *samples, size_t count, double p);
size_t tally_duplicates(uint64_t *values, size_t count); /* sorts */

#endif
