/* sales.h - what this process knows of the published sales: a copy of each sale document and line, read from
 * the line's Redis four times a second (observe.lua), so that waitroomd and checkoutd need no PostgreSQL.
 *
 * A sale whose line belongs to another Redis process than the one we talk to, or is not there, is `closed`,
 * and so is every sale when the last successful read is older than 2 s. It goes only when it was withdrawn.
 * Structs are valid until the next turn of the loop;
 * keep ids, not pointers. */
#ifndef WR_SALES_H
#define WR_SALES_H
#include "err.h"
#include "id.h"
#include "loop.h"
#include "redis.h"
#include <stdbool.h>
#include <stdint.h>

#define WR_SKU_LEN 40
#define WR_SKUS_MAX 64
#define WR_SALES_MAX 1000 /* that run at once */

enum wr_phase { WR_PHASE_SCHEDULED, WR_PHASE_LOBBY, WR_PHASE_LIVE, WR_PHASE_SOLD_OUT, WR_PHASE_ENDED };
enum wr_mode { WR_MODE_QUEUE, WR_MODE_HOLD, WR_MODE_REJECT, WR_MODE_PASSTHROUGH };
const char *wr_phase_name(enum wr_phase phase); /* "live" */
const char *wr_mode_name(enum wr_mode mode);
/* False: there is no such name, and `out` becomes what admits nobody, WR_PHASE_SCHEDULED or WR_MODE_HOLD. */
bool wr_phase_parse(const char *name, enum wr_phase *out) WR_MUST_CHECK;
bool wr_mode_parse(const char *name, enum wr_mode *out) WR_MUST_CHECK;

struct wr_sale { /* what somebody here reads; the document has the rest */
    char id[WR_SALE_LEN + 1];
    int64_t run, gen, deal, version, table_version;
    enum wr_phase phase;
    enum wr_mode mode;
    bool closed;
    char message[501];
    char checkout_url[301];
    int64_t starts_at, ends_at; /* wall ms */
    int64_t rate_per_minute;
    int64_t left; /* units; -1: no stock of ours; -2: not counted yet */
    int64_t called, clock, counter, front;
    int per_shopper, admission_s;
    size_t sku_count;
    char skus[WR_SKUS_MAX][WR_SKU_LEN + 1];
    const char *document; /* the sale document, JSON, as published */
    size_t document_len;
};

struct wr_sales;
struct wr_sales_config {
    struct wr_redis *redis; /* the line's */
    /* Something a caller may act on changed (a new sale, phase, mode, message, left, generation, closed,
     * version). */
    void (*on_change)(void *ctx, const struct wr_sale *sale);
    void (*on_gone)(void *ctx, const char *sale); /* withdrawn */
    void *ctx;
};
struct wr_sales *wr_sales_open(struct wr_loop *loop, const struct wr_sales_config *config);
void wr_sales_close(struct wr_sales *sales);
const struct wr_sale *wr_sales_find(const struct wr_sales *sales, const char *id); /* NULL: unknown */
/* Why there is none: WR_ERR_UNKNOWN_SALE, or WR_ERR_CLOSED while no recent full read stands behind that (just
 * started). */
enum wr_err wr_sales_missing(const struct wr_sales *sales);
bool wr_sale_has_sku(const struct wr_sale *sale, const char *sku);
void wr_sales_each(const struct wr_sales *sales, void (*visit)(void *ctx, const struct wr_sale *sale),
                   void *ctx);
bool wr_sales_fresh(const struct wr_sales *sales); /* a full read succeeded within 2 s: for readyz */

#endif
