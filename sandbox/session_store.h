/* session_store.h - sessions in PostgreSQL, for work on a pool thread. */
#ifndef SANDBOX_SESSION_STORE_H
#define SANDBOX_SESSION_STORE_H
#include "pg.h"
#include "session.h"

/* WR_ERR_INTERNAL (logged): its state is none we know. */
enum wr_err session_read(const struct wr_rows *rows, size_t row, struct session *out) WR_MUST_CHECK;
/* `sql` has one parameter and gives sessions. WR_ERR_NOT_FOUND: none. */
enum wr_err session_find(struct wr_pg_conn *c, const struct wr_sql *sql, const char *key,
                         struct session *out) WR_MUST_CHECK;
/* The same for a statement of any parameters. */
enum wr_err session_query(struct wr_pg_conn *c, const struct wr_sql *sql, int n, const char *const values[],
                          struct session *out) WR_MUST_CHECK;
/* What a change is told as: one event, born claimed when `lease_ms` is above 0 (deliver_webhooks.h). */
struct session_news {
    int64_t lease_ms;
    char id[64];
    char *payload; /* the caller's to free; NULL: the change is told to nobody */
};
/* Applies `act` and stores the new state with its event, in one statement. WR_ERR_CONFLICT: the session is
 * not as `s` says any more: find it again. */
enum wr_err session_change(struct wr_pg_conn *c, struct session *s, enum session_act act, const char *key,
                           const char *base, enum session_verdict *verdict,
                           struct session_news *news) WR_MUST_CHECK;

#endif
