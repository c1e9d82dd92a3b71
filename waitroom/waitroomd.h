/* waitroomd.h - one worker process of the data plane: what lives as long as the process. Nothing is shared
 * with other workers but Redis. */
#ifndef WAITROOMD_H
#define WAITROOMD_H
#include "index.h"
#include "line.h"
#include "list.h"
#include "redis.h"
#include "sales.h"
#include "service.h"
#include "ticket.h"
#include "token.h"

struct waitroom_config {
    struct wr_service_config service;
    const char *redis_line, *redis_stock, *ticket_keys, *token_keys, *issuer, *static_folder;
    int64_t sockets_max, pollers_max, joiners_max;
};

enum {
    JOIN_BATCH_MAX = 10000, /* numbers a call */
    JOINED_A_TURN = 16,     /* who gets one of them */
    CLOSED_TOLD_MS = 1500,  /* a line that is closed for less is not told to be */
    TELL_TURN_MS = 20,      /* pushes go out in slices */
    TELL_SLICE = 200,
};

struct pages; /* serve_page.c */
struct room;

struct waitroom {
    const struct waitroom_config *config;
    struct wr_runtime *rt;
    struct wr_loop *loop;
    const char *me; /* this process among all workers: 16 hex digits */
    struct wr_redis *line, *stock;
    struct wr_subscriber *line_channels, *stock_channels;
    struct wr_sales *sales;
    struct wr_ticket_key *ticket_key;
    struct wr_keyring *ring;
    struct pages *pages;
    struct link rooms;
    size_t sockets, joiners, pollers;
    uint64_t visits; /* shoppers' so far: each new seat, and each return to one that is still here */
    struct index channels;    /* shoppers whose orders are followed, by the front of their id */
    struct link channel_list; /* the one read longest ago first */
    size_t channels_to_read;  /* all of them, after a gap in the subscription */
    struct wr_timer *tell_timer, *second_timer;
    unsigned turns; /* of tell_timer */
    bool draining;
    struct line_report report; /* of the tick that is being made */
};

enum wr_err waitroom_open(struct wr_runtime *rt, const void *config, void **daemon);
bool waitroom_ready(void *daemon, const char **why);
void waitroom_drain(void *daemon);
void waitroom_close(void *daemon);

#endif
