/* pg_conn.h - what the pool (pg_pool.c) may do with a connection (pg.c) beside what flows may. */
#ifndef WR_PG_CONN_H
#define WR_PG_CONN_H
#include "pg.h"
#include <stdbool.h>

/* Not connected yet. `refusing` (may be NULL): once true, begin and statements are refused, commits are not.
 */
struct wr_pg_conn *wr_pg_conn_new(const bool *refusing);
bool wr_pg_conn_open(struct wr_pg_conn *c, const char *url); /* blocks, at most 3 s an address */
/* Also reads what the server said unasked; closes it when it has ended. */
bool wr_pg_conn_alive(struct wr_pg_conn *c);
void wr_pg_conn_free(struct wr_pg_conn *c);
/* wr_pg_transact() by its parts. */
enum wr_err wr_pg_begin(struct wr_pg_conn *c) WR_MUST_CHECK;
enum wr_err wr_pg_commit(struct wr_pg_conn *c) WR_MUST_CHECK;
void wr_pg_rollback(struct wr_pg_conn *c); /* after any error; harmless without a transaction */
bool wr_pg_url_valid(const char *url);     /* logs what is wrong */

#endif
