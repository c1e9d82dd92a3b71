/* admissiond.h - the control plane: its configuration, its long-lived parts and the flows that use them.
 *
 * Any number of instances run side by side without a leader: every step is one script or one statement that
 * checks the state it starts from, so that of two instances doing the same, one does it and the other finds
 * it done. */
#ifndef ADMISSIOND_H
#define ADMISSIOND_H
#include "admission_metrics.h"
#include "pg.h"
#include "redis.h"
#include "sale.h"
#include "service.h"
#include "token.h"

struct admissiond_config {
    struct wr_service_config frame;
    const char *database, *redis_line, *redis_stock, *token_keys, *issuer, *merchant_key_file, *trusted_proxies;
    int64_t replica_wait_ms;
};

struct admissiond {
    const struct admissiond_config *config;
    struct wr_runtime *rt;
    struct wr_loop *loop;
    struct wr_pg *pg;
    struct wr_redis *line, *stock;
    struct wr_keyring *ring;
    struct wr_buf merchant_key;
    struct wr_proxies *proxies;
    struct sale *sales;
    struct wr_timer *start_timer, *step_timer, *second_timer;
    unsigned turns;       /* of the one-second timer */
    bool loading, loaded; /* load_sales: under way; PostgreSQL has answered at least once */
    struct change_log *changes;
};

enum wr_err admissiond_open(struct wr_runtime *rt, const void *config, void **daemon);
/* It can take a merchant's change and verify: with PostgreSQL or the stock away too (metrics tell that), for then
 * above all somebody wants to pause the sale. */
bool admissiond_ready(void *daemon, const char **why);
void admissiond_drain(void *daemon); /* until every change in force is recorded */
bool admissiond_idle(void *daemon);  /* those too that came after that */
void admissiond_close(void *daemon);
struct sale *admissiond_sale(const struct admissiond *d, const char *id); /* NULL: not stepped here */

/* ---- flows that run by themselves ---- */
/* PostgreSQL -> d->sales, then a step of each that changed; from Redis while PostgreSQL has never answered. */
void load_sales(struct admissiond *d);
/* A row of sales_to_run.sql becomes the sale of that id, which is added if it is not stepped here yet. */
void take_recorded(struct admissiond *d, const struct wr_rows *rows, size_t row);
void step_line(struct sale *sale);         /* reads the line, then whatever it needs */
void open_generation(struct sale *sale);
void withdraw_sale(struct sale *sale); /* what is over for a day leaves Redis' line */
void publish_sale(struct sale *sale);
void list_sale(struct sale *sale); /* in wr:sales */
void raise_ceiling(struct sale *sale, int64_t wanted);
void count_left(struct sale *sale);
void deal_stock(struct sale *sale);
void step_phase(struct sale *sale);
void record_phase(struct sale *sale);
void reconcile_settings(struct sale *sale);
void merge_presence(struct sale *sale);
void copy_spent(struct sale *sale);

/* A step that only tells whether it was done: counts nothing, logs what went wrong. False for `closed` and
 * errors. */
bool step_done(const struct sale *sale, const char *step, enum wr_err err, const struct wr_reply *reply);

#endif
