/* accounts.h - what the servers know of the sale, read from PostgreSQL and Redis and from nowhere else. */
#ifndef BENCH_ACCOUNTS_H
#define BENCH_ACCOUNTS_H
#include "crowd.h"
#include "tally.h"

#define STATES_MAX 32

struct accounts {
    /* PostgreSQL */
    int64_t total, committed, confirmed; /* units */
    int64_t oversold_skus;
    int64_t missing, under_way, unpaid; /* of the orders that were answered 202 */
    size_t states;
    struct state {
        char status[24], reason[64];
        int64_t orders, units;
    } state[STATES_MAX];
    /* Redis, line */
    int64_t rate_per_minute, burst_ms, factor_percent, cap, granted_total, joined_total, entered_total,
        finished_total;
    /* Redis, stock: units over all skus */
    int64_t free, held, sold, voided;
};
/* False: it could not be read; said on stderr. `tally` NULL: before the crowd, no order was accepted yet. */
bool accounts_read(struct accounts *out, const struct stage *stage, const struct tally *tally);
/* Reads until every accepted order is settled and, where nobody else shops, Redis and PostgreSQL agree; at most until the
 * time to pay is over, and a little. */
bool accounts_settle(struct accounts *out, const struct stage *stage, const struct tally *tally);
/* Is the time to pay waited for? Always in a sale that was made for this; in a foreign one it may be a day. */
bool accounts_outlast_hold(const struct stage *stage);
/* Redis' stock is what PostgreSQL says was sold, and nothing is held. */
bool accounts_agree(const struct accounts *accounts);

#endif
