/* crowd.h - one process of the crowd: its shoppers, sockets and timers, and the loop that turns them. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H
#include "net.h"
#include "options.h"
#include "plan.h"
#include "tally.h"
#include "wheel.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What setup.h found out before the crowd starts; the same for every process. */
struct stage {
    const struct options *options;
    char sale[41], sku[41];
    char origin[128];   /* the public URL, without a trailing slash */
    const char *cookie; /* name of the secret's cookie */
    /* What every shopper says, rendered once. */
    char *say_join, *say_here, *say_here_again, *say_entered, *checkout_body;
    char queue_path[80], checkout_path[80];
    struct target line[TARGETS_MAX], checkout;
    int lines;
    uint8_t source_first, source_last;                        /* 0: none */
    int64_t rate_per_minute, burst_ms, factor_percent, stock; /* stock: units free at the start */
    uint64_t begins_ms;                                       /* monotonic: arrivals count from here */
    int64_t hold_s;                                           /* time to pay, as the sale has it */
};

enum link {
    LINK_NONE,
    LINK_SESSION,
    LINK_OPENING,
    LINK_UPGRADING,
    LINK_JOINING,
    LINK_JOINED,
    LINK_AWAY,
    LINK_MUTE
};
enum journey { IN_LINE, ADMITTED, CHECKING_OUT, ORDERED, PAYING, PAID, ENDED };
enum asking { ASK_NOTHING, ASK_SESSION, ASK_CHECKOUT, ASK_PAYMENT, ASK_STATUS };

struct shopper {
    struct plan plan;
    enum link link;       /* the socket to the line ... */
    enum journey journey; /* ... and, apart from it, how far the purchase is */
    enum asking asking;   /* the HTTP request under way */
    enum end end;
    uint32_t socket, http; /* connections, or NO_CONN */
    bool dropped;          /* has dropped out and come back as planned */
    bool unsure;           /* a checkout may have arrived without our hearing of it */
    bool order_open;       /* counted in OPEN_ORDERS */
    bool found_none;       /* was told at checkout that nothing is left */
    uint8_t link_tries, ask_tries;
    uint64_t connect_us;
    uint64_t out_us;         /* since when it wants to be in line, or back in it; 0: it is there */
    uint32_t back_within_ms; /* how far those who lose their socket are to spread their return, as the ticket says */
    uint64_t checkout_us; /* when buy was pressed and the request first went out; 0: it is not yet */
    uint64_t place;       /* lane and number; 0: none yet */
    int64_t ahead;        /* as last told on this socket; -1: nothing yet */
    int64_t event;        /* of the order, as last told; -1: nothing yet */
    char secret[24], worker[34], jti[80];
    char ticket[241];
    char order[ORDER_ID_LEN + 1];
    char *token;    /* once admitted */
    char *pay_path; /* once there is a link */
    int pay_target;
};

struct crowd {
    const struct stage *stage;
    struct tally *tally;
    struct net *net;
    struct wheel *wheel;
    uint32_t first, step, count; /* shopper i here is number first + i * step of all */
    struct shopper *shoppers;
    int line_targets[TARGETS_MAX], checkout_target;
    uint64_t now_ms;
};

/* Each shopper has two timers. */
enum timer { TIMER_LINK, TIMER_STEP, TIMERS };
void crowd_timer(struct crowd *c, uint32_t shopper, enum timer timer, uint64_t delay_ms);
void crowd_timer_stop(struct crowd *c, uint32_t shopper, enum timer timer);

/* Process `index` of `processes`: runs until the tally says stop; returns when every end is noted. */
void crowd_run(const struct stage *stage, struct tally *tally, uint32_t index, uint32_t processes);
/* How many processes the descriptors allowed to one need. */
uint32_t crowd_processes(const struct options *options);

#endif
