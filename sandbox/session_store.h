/* session_store.h - sessions in PostgreSQL, for work on a pool thread. */
#ifndef SANDBOX_SESSION_STORE_H
#define SANDBOX_SESSION_STORE_H
#include "pg.h"
#include "session.h"

void session_read(const struct wr_rows *rows, size_t row, struct session *out);
/* `sql` has one parameter and gives sessions. WR_ERR_NOT_FOUND: none. */
enum wr_err session_find(struct wr_pg_conn *c, const struct wr_sql *sql, const char *key, struct session *out) WR_MUST_CHECK;
/* Applies `act` and stores the new state with the event that tells of it, in the caller's transaction. */
enum wr_err session_change(struct wr_pg_conn *c, struct session *s, enum session_act act, const char *key, const char *base,
                           enum session_verdict *verdict) WR_MUST_CHECK;

#endif
