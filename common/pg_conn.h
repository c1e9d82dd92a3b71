/* pg_conn.h - what the pool (pg_pool.c) may do with a connection (pg.c) beside what flows may. */
#ifndef WR_PG_CONN_H
#define WR_PG_CONN_H
#include "pg.h"
#include <stdbool.h>

/* Not connected yet. `refusing` (may be NULL): once true, begin and statements are refused, commits are not.
 */
struct wr_pg_conn *wr_pg_conn_new(const bool *refusing);
bool wr_pg_conn_open(struct wr_pg_conn *c, const char *url); /* blocks, at most 3 s an address */
bool wr_pg_conn_alive(
    struct wr_pg_conn *c); /* also reads what the server said unasked; closes it when it has ended */
void wr_pg_conn_free(struct wr_pg_conn *c);
bool wr_pg_url_valid(const char *url); /* logs what is wrong */

#endif
