/* renew_holds.h - holds whose payment link is told late begin when it is told. For work on a pool thread. */
#ifndef FULFILLMENT_RENEW_HOLDS_H
#define FULFILLMENT_RENEW_HOLDS_H
#include "pg.h"
#include <stdbool.h>

enum { OUTBOX_READ_MAX = 500 }; /* of read_outbox.sql */

/* Of the entries that it has read, those that are late. `renewed`: they are to be read again. A hold that cannot be
 * changed stays as it is. */
enum wr_err renew_holds(struct wr_pg_conn *c, const struct wr_rows *entries, bool *renewed) WR_MUST_CHECK;

#endif
