/* sale.h - a sale as this instance steps it: its document (from PostgreSQL, or from Redis while PostgreSQL is
 * away), its line as last read, and which flows are under way for it. Sales are kept until the daemon closes.
 */
#ifndef ADMISSION_SALE_H
#define ADMISSION_SALE_H
#include "ceiling.h"
#include "json.h"
#include "line.h"
#include "sales.h"
#include <stdbool.h>
#include <stdint.h>

enum sale_flow { /* one of each at a time and sale */
                 FLOW_READ = 1,
                 FLOW_OPEN = 2,
                 FLOW_CEILING = 4,
                 FLOW_COUNT = 8,
                 FLOW_DEAL = 16,
                 FLOW_PHASE = 32,
                 FLOW_PUBLISH = 64,
                 FLOW_SETTINGS = 128,
                 FLOW_TABLE = 256,
                 FLOW_SPENT = 512,
                 FLOW_RECORD_PHASE = 1024,
};

struct stock_count {
    uint64_t at_ms; /* when it was asked for; 0: never */
    int64_t left, held;
};

struct sale {
    struct sale *next;
    struct admissiond *d;
    char id[WR_SALE_LEN + 1];
    bool gone;      /* PostgreSQL says so: it ended more than a day ago */
    bool withdrawn; /* and it has left the line's Redis */
    unsigned flows;

    /* from the document */
    int64_t run, deal, version, starts_at, ends_at, admission_s;
    size_t sku_count;
    struct wr_buf document;

    /* from PostgreSQL beside it */
    bool recorded; /* these fields and the document are PostgreSQL's */
    enum wr_phase phase_recorded;
    struct settings settings;
    int64_t away_limit_s;

    struct line line;
    int64_t clock_out_ms; /* by how much our wall clock is ahead of what the line believes (set_left.lua) */
    uint64_t line_at_ms;  /* 0: not read since we connected */
    uint64_t lost_at_ms;  /* since when the line belongs to another process; 0: it does not */
    int64_t outdated_gen; /* PostgreSQL has a later generation than this; 0: that is not known */
    uint64_t ahead_at_ms; /* since when the line's settings are newer than PostgreSQL's; 0: they are not */
    struct ceiling_pace pace;
    struct stock_count stock;
    uint64_t count_asked_ms; /* of the count under way */
    bool rebuild_needed;       /* the stock was lost after somebody may have bought: it is not counted, nobody is let in */
    uint64_t rebuild_asked_ms; /* when PostgreSQL last said so */
    int64_t spent_copied,
        spent_copied_gen; /* how many bits PostgreSQL has, and of which generation that is known */
};

/* Reads the fields above out of a sale document; false when it is none. Does not touch the rest. */
bool sale_read_document(struct sale *sale, const struct wr_json *document);
int64_t sale_now(const struct sale *sale); /* wall ms, by the clock that all instances share */
bool sale_enter(struct sale *sale, enum sale_flow flow); /* false: it is under way */
void sale_leave(struct sale *sale, enum sale_flow flow);
void sale_free(struct sale *sale);

#endif
