/* pg.h - PostgreSQL for flows: work that may block runs on a thread of the pool with a connection of its own;
 * its end comes back to the loop. Owns libpq.
 *
 * Work functions are straight sequential code: begin, statements, commit. They touch only their `op` and the
 * connection. A lost connection during commit is WR_ERR_NO_ANSWER: do the whole work again (make it
 * idempotent). WR_ERR_CONFLICT: a unique or check constraint refused. WR_ERR_INVALID: a value has no place in
 * its column (class 22). WR_ERR_BACKEND: the database is not there or refused; nothing happened. A statement
 * outside a transaction commits by itself: lost under way it is WR_ERR_NO_ANSWER too. Reconnects by itself;
 * connect 3 s, statement 3 s, lock 1 s, idle in transaction 5 s. */
#ifndef WR_PG_H
#define WR_PG_H
#include "embed.h"
#include "err.h"
#include "loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_pg;
struct wr_pg_conn;
struct wr_rows;
typedef enum wr_err wr_pg_work(struct wr_pg_conn *c, void *op); /* on a pool thread */
typedef void wr_pg_done(void *op, enum wr_err err);             /* on the loop */

enum wr_err wr_pg_open(struct wr_pg **out, struct wr_loop *loop, const char *url, int threads,
                       size_t queue_max) WR_MUST_CHECK;
/* Ends work under way after its statement; unrun ones get BACKEND. Every `done` has run when it returns, and
 * what is submitted from then on is WR_ERR_BUSY: stop before the stores that a `done` asks are closed, and
 * close after them, for their callbacks may submit. Takes NULL, and one that is stopped. */
void wr_pg_stop(struct wr_pg *pg);
void wr_pg_close(struct wr_pg *pg); /* stops, if that was not done; takes NULL */
/* WR_ERR_BUSY: the queue is full, or it was stopped, and `done` will not run. What waited 5 s for a thread is not begun any more:
 * WR_ERR_BACKEND. */
enum wr_err wr_pg_submit(struct wr_pg *pg, wr_pg_work *work, wr_pg_done *done, void *op) WR_MUST_CHECK;
bool wr_pg_connected(const struct wr_pg *pg); /* the last attempt of some thread succeeded */

/* ---- on the pool thread ---- */
/* Runs `work` between begin and commit; rolls back when it fails. */
enum wr_err wr_pg_transact(struct wr_pg_conn *c, wr_pg_work *work, void *op) WR_MUST_CHECK;
/* Values are texts (NULL: SQL NULL) for $1..$n; the statement is prepared once per connection. `rows` may be
 * NULL. */
enum wr_err wr_pg_query(struct wr_pg_conn *c, const struct wr_sql *sql, int n, const char *const values[],
                        struct wr_rows **rows) WR_MUST_CHECK;
const char *wr_pg_error(const struct wr_pg_conn *c); /* of the last failure */
/* The database refused what it was given, and would again: WR_ERR_CONFLICT, WR_ERR_INVALID. */
bool wr_pg_refused(enum wr_err err);

size_t wr_rows_count(const struct wr_rows *rows);
const char *wr_rows_text(const struct wr_rows *rows, size_t row, const char *column); /* NULL: SQL NULL */
/* At most `cap` - 1 bytes of it; "": SQL NULL. */
void wr_rows_copy(const struct wr_rows *rows, size_t row, const char *column, char *out, size_t cap);
int64_t wr_rows_int(const struct wr_rows *rows, size_t row, const char *column); /* 0: SQL NULL */
bool wr_rows_bool(const struct wr_rows *rows, size_t row, const char *column);
void wr_rows_free(struct wr_rows *rows); /* takes NULL */

/* For commands and start-up: a connection without pool or loop, blocking; statement 60 s, lock 10 s. */
enum wr_err wr_pg_connect(struct wr_pg_conn **out, const char *url) WR_MUST_CHECK;
/* The same, and PostgreSQL refuses whatever would change something, also where the URL brings options of its own. */
enum wr_err wr_pg_connect_read_only(struct wr_pg_conn **out, const char *url) WR_MUST_CHECK;
void wr_pg_disconnect(struct wr_pg_conn *c);
const char *wr_pg_version(void);

/* An integer as the text that wr_pg_query() takes; it lives until the end of the block it stands in. */
#define WR_PG_INT(n) wr_pg_int_text(&(struct wr_pg_int){{0}}, (n))
struct wr_pg_int {
    char text[24];
};
const char *wr_pg_int_text(struct wr_pg_int *out, int64_t n);

/* PostgreSQL array literal of texts ("{...}", quoted), for `unnest($1::text[])`: whole batches in one
 * statement. */
struct wr_buf;
void wr_pg_array_add(struct wr_buf *array, const char *text); /* NULL: NULL; opens with '{' when empty */
void wr_pg_array_int(struct wr_buf *array, int64_t n);
void wr_pg_array_end(struct wr_buf *array); /* "{}" when nothing was added */

#endif
