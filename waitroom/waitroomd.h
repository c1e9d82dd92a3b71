/* waitroomd.h - one worker process of the data plane: what lives as long as the process. Nothing is shared
 * with other workers but Redis. */
#ifndef WR_WAITROOMD_H
#define WR_WAITROOMD_H
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
    int64_t sockets_max;
};

enum {
    JOINERS_MAX = 50000,    /* waiting for a number, a process */
    POLLERS_MAX = 100000,   /* a process */
    JOIN_BATCH_MAX = 10000, /* numbers a call */
    TELL_TURN_MS = 20,      /* pushes go out in slices */
    TELL_SLICE = 500,
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
    struct index channels;    /* shoppers whose orders are followed, by the front of their id */
    struct link channel_list; /* the one read longest ago first */
    size_t channels_to_read;  /* all of them, after a gap in the subscription */
    struct wr_timer *tell_timer, *second_timer;
    bool draining;
    struct line_report report; /* of the tick that is being made */
};

enum wr_err waitroom_open(struct wr_runtime *rt, const void *config, void **daemon);
bool waitroom_ready(void *daemon, const char **why);
void waitroom_drain(void *daemon);
void waitroom_close(void *daemon);

#endif
