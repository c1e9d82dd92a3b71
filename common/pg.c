/* pg.c - one PostgreSQL connection and what it answers. The only file that knows libpq.
 *
 * How a failure is classed: the server's answer counts while the connection lives. When it is gone, the
 * transaction that was open is rolled back by the server, so nothing happened - unless what was sent could
 * commit by itself (COMMIT, or a statement outside a transaction): then nobody knows.
 *
 * The socket is non-blocking and every wait has a deadline, because a frozen server keeps neither its own
 * statement timeout nor TCP's. */
#include "pg.h"
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "pg_conn.h"
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MARGIN_MS = 2000, /* beyond the statement timeout the server is taken for dead */
    PREPARED_MAX = 256,
};

struct limits { /* of a connection, ms */
    int statement, lock;
};
static const struct limits pool_limits = {.statement = 3000, .lock = 1000};
static const struct limits command_limits = {.statement = 60000, .lock = 10000};

struct wr_pg_conn {
    PGconn *pq; /* NULL: not connected */
    struct limits limits;
    const bool *refusing;
    const struct wr_sql *prepared[PREPARED_MAX];
    size_t prepared_count;
    char error[256];
};

struct wr_rows {
    PGresult *result;
};

static void keep_error(struct wr_pg_conn *c, const char *text)
{
    size_t len = strcspn(text, "\n");
    if (len >= sizeof c->error)
        len = sizeof c->error - 1;
    memmove(c->error, text, len);
    c->error[len] = '\0';
}

static void disconnect(struct wr_pg_conn *c)
{
    PQfinish(c->pq);
    c->pq = NULL;
    c->prepared_count = 0; /* prepared statements die with their connection */
}

/* ---- connecting ---- */

static void ignore_notice(void *ctx, const PGresult *notice)
{
    (void)ctx;
    (void)notice;
}

struct wr_pg_conn *wr_pg_conn_new(const bool *refusing)
{
    struct wr_pg_conn *c = wr_alloc(sizeof *c);
    c->limits = refusing ? pool_limits : command_limits;
    c->refusing = refusing;
    return c;
}

bool wr_pg_conn_open(struct wr_pg_conn *c, const char *url)
{
    char options[220];
    /* Every statement of ours has its index. Prepared when its tables were empty, a plan would scan them
     * whole for as long as nobody analyzed them: half of a core at 200 orders a second. (What must scan costs
     * more in the planner's eyes then, and would be compiled first.) */
    snprintf(options, sizeof options,
             "-c statement_timeout=%d -c lock_timeout=%d -c idle_in_transaction_session_timeout=5000 -c "
             "enable_seqscan=off -c jit=off",
             c->limits.statement, c->limits.lock);
    /* What comes later wins, so the URL may override all of it. */
    const char *const names[] = {
        "connect_timeout", "tcp_user_timeout",          "keepalives_idle", "client_encoding",
        "options",         "fallback_application_name", "dbname",          NULL};
    const char *const values[] = {"3", "5000", "10", "UTF8", options, program_invocation_short_name,
                                  url, NULL};
    disconnect(c);
    c->pq = PQconnectdbParams(names, values, 1);
    if (PQstatus(c->pq) != CONNECTION_OK) {
        keep_error(c, PQerrorMessage(c->pq));
        disconnect(c);
        return false;
    }
    PQsetnonblocking(c->pq, 1);
    PQsetNoticeReceiver(c->pq, ignore_notice, NULL);
    return true;
}

bool wr_pg_conn_alive(struct wr_pg_conn *c)
{
    if (!c->pq)
        return false;
    struct pollfd fd = {.fd = PQsocket(c->pq), .events = POLLIN};
    while (PQstatus(c->pq) == CONNECTION_OK && poll(&fd, 1, 0) > 0 && PQconsumeInput(c->pq))
        ;
    if (PQstatus(c->pq) == CONNECTION_OK && !fd.revents)
        return true;
    keep_error(c, PQerrorMessage(c->pq));
    disconnect(c);
    return false;
}

void wr_pg_conn_free(struct wr_pg_conn *c)
{
    if (!c)
        return;
    disconnect(c);
    free(c);
}

enum wr_err wr_pg_connect(struct wr_pg_conn **out, const char *url)
{
    *out = NULL;
    if (!wr_pg_url_valid(url))
        return WR_ERR_INVALID;
    struct wr_pg_conn *c = wr_pg_conn_new(NULL);
    if (!wr_pg_conn_open(c, url)) {
        wr_error("cannot connect to PostgreSQL", "why=\"%s\"", c->error);
        wr_pg_conn_free(c);
        return WR_ERR_BACKEND;
    }
    *out = c;
    return WR_OK;
}

void wr_pg_disconnect(struct wr_pg_conn *c)
{
    wr_pg_conn_free(c);
}

bool wr_pg_url_valid(const char *url)
{
    char *why = NULL;
    PQconninfoOption *parsed = PQconninfoParse(url, &why);
    if (!parsed) /* what libpq quotes may be the password */
        wr_error("the database URL is not usable", "why=\"%.*s\"", why ? (int)strcspn(why, "\"\n") : 0, why);
    PQconninfoFree(parsed);
    PQfreemem(why);
    return parsed;
}

/* ---- sending and waiting ---- */

/* The connection is of no use any more. */
static bool give_up(struct wr_pg_conn *c, const char *why)
{
    keep_error(c, why);
    disconnect(c);
    return false;
}

/* Waits until the next result is here. False: it never will be, and the connection is closed. */
static bool await_result(struct wr_pg_conn *c, uint64_t deadline)
{
    for (;;) {
        int unsent = PQflush(c->pq);
        if (unsent < 0)
            return give_up(c, PQerrorMessage(c->pq));
        if (!unsent && !PQisBusy(c->pq))
            return true;
        uint64_t now = wr_mono_ms();
        if (now >= deadline)
            return give_up(c, "no answer in time");
        struct pollfd fd = {.fd = PQsocket(c->pq), .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
        if (poll(&fd, 1, (int)(deadline - now)) < 0 && errno != EINTR)
            return give_up(c, "poll failed");
        if (fd.revents && !PQconsumeInput(c->pq))
            return give_up(c, PQerrorMessage(c->pq));
    }
}

/* The first failed or else the last result of what was sent; NULL when the connection ended without one. */
static PGresult *collect(struct wr_pg_conn *c)
{
    uint64_t deadline = wr_mono_ms() + (uint64_t)(c->limits.statement + ANSWER_MARGIN_MS);
    PGresult *kept = NULL;
    bool failed = false;
    while (await_result(c, deadline)) {
        PGresult *next = PQgetResult(c->pq);
        if (!next) {
            if (PQstatus(c->pq) != CONNECTION_OK)
                give_up(c, PQerrorMessage(c->pq));
            return kept;
        }
        if (failed) {
            PQclear(next);
            continue;
        }
        PQclear(kept);
        kept = next;
        failed = PQresultStatus(kept) == PGRES_FATAL_ERROR;
    }
    if (failed)
        return kept;
    PQclear(kept); /* a statement's effect lasts only once the server says that it is ready again */
    return NULL;
}

static enum wr_err classify(const struct wr_pg_conn *c, const char *state, bool may_commit)
{
    if (!c->pq)
        return may_commit ? WR_ERR_NO_ANSWER : WR_ERR_BACKEND;
    if (!strncmp(state, "23", 2))
        return WR_ERR_CONFLICT;
    if (!strncmp(state, "22", 2))
        return WR_ERR_INVALID;
    return WR_ERR_BACKEND;
}

/* Takes the result. `what` names the statement in the log. */
static enum wr_err conclude(struct wr_pg_conn *c, PGresult *result, const char *what, bool may_commit,
                            struct wr_rows **rows)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (rows) {
            *rows = wr_alloc(sizeof **rows);
            (*rows)->result = result;
        } else {
            PQclear(result);
        }
        return WR_OK;
    }
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (why)
        keep_error(c, why);
    else if (c->pq)
        give_up(c, PQerrorMessage(c->pq));
    enum wr_err err = classify(c, state ? state : "", may_commit);
    if (err != WR_ERR_CONFLICT)
        wr_warn("statement failed", "statement=%s sqlstate=%s err=%s why=\"%s\"", what,
                state ? state : "none", wr_err_slug(err), c->error);
    PQclear(result);
    return err;
}

/* ---- statements ---- */

static bool refused(struct wr_pg_conn *c)
{
    if (!c->pq)
        keep_error(c, "not connected");
    else if (c->refusing && __atomic_load_n(c->refusing, __ATOMIC_RELAXED))
        keep_error(c, "shutting down");
    else
        return false;
    return true;
}

static enum wr_err simple(struct wr_pg_conn *c, const char *text, const char *what, bool may_commit)
{
    PGresult *result = PQsendQuery(c->pq, text) ? collect(c) : NULL;
    return conclude(c, result, what, may_commit, NULL);
}

enum wr_err wr_pg_connect_read_only(struct wr_pg_conn **out, const char *url)
{
    enum wr_err err = wr_pg_connect(out, url);
    if (!err)
        err = simple(*out, "set default_transaction_read_only = on", "read only", false);
    if (err) {
        wr_pg_disconnect(*out);
        *out = NULL;
    }
    return err;
}

enum wr_err wr_pg_begin(struct wr_pg_conn *c)
{
    if (refused(c))
        return WR_ERR_BACKEND;
    return simple(c, "begin", "begin", false);
}

enum wr_err wr_pg_commit(struct wr_pg_conn *c)
{
    if (!c->pq) /* lost before the commit was sent */
        return WR_ERR_BACKEND;
    if (PQtransactionStatus(c->pq) == PQTRANS_INERROR) { /* COMMIT would answer ROLLBACK, as a success */
        wr_pg_rollback(c);
        return WR_ERR_BACKEND;
    }
    return simple(c, "commit", "commit", true);
}

void wr_pg_rollback(struct wr_pg_conn *c)
{
    if (!c->pq || PQtransactionStatus(c->pq) == PQTRANS_IDLE)
        return;
    char error[sizeof c->error]; /* the caller wants to know why, not how the rollback went */
    memcpy(error, c->error, sizeof error);
    if (simple(c, "rollback", "rollback", false) != WR_OK)
        disconnect(c); /* then the server rolls back by itself */
    memcpy(c->error, error, sizeof error);
}

enum wr_err wr_pg_transact(struct wr_pg_conn *c, wr_pg_work *work, void *op)
{
    enum wr_err err = wr_pg_begin(c);
    if (!err)
        err = work(c, op);
    if (!err)
        err = wr_pg_commit(c);
    if (err)
        wr_pg_rollback(c);
    return err;
}

/* The statement's name on this connection, prepared when it is new here. */
static enum wr_err prepare(struct wr_pg_conn *c, const struct wr_sql *sql, char name[16])
{
    unsigned i = 0;
    while (i < c->prepared_count && c->prepared[i] != sql)
        i++;
    snprintf(name, 16, "s%u", i);
    if (i < c->prepared_count)
        return WR_OK;
    if (i == PREPARED_MAX)
        abort(); /* statements are files: raise the bound */
    PGresult *result = PQsendPrepare(c->pq, name, sql->text, 0, NULL) ? collect(c) : NULL;
    enum wr_err err = conclude(c, result, sql->name, false, NULL);
    if (!err)
        c->prepared[c->prepared_count++] = sql;
    return err;
}

enum wr_err wr_pg_query(struct wr_pg_conn *c, const struct wr_sql *sql, int n, const char *const values[],
                        struct wr_rows **rows)
{
    char name[16];
    if (rows)
        *rows = NULL;
    if (refused(c))
        return WR_ERR_BACKEND;
    bool may_commit = PQtransactionStatus(c->pq) == PQTRANS_IDLE;
    enum wr_err err = prepare(c, sql, name);
    if (err)
        return err;
    PGresult *result = PQsendQueryPrepared(c->pq, name, n, values, NULL, NULL, 0) ? collect(c) : NULL;
    return conclude(c, result, sql->name, may_commit, rows);
}

const char *wr_pg_error(const struct wr_pg_conn *c)
{
    return c->error;
}

bool wr_pg_refused(enum wr_err err)
{
    return err == WR_ERR_CONFLICT || err == WR_ERR_INVALID;
}

const char *wr_pg_version(void)
{
    static char text[32];
    int version = PQlibVersion();
    snprintf(text, sizeof text, "libpq %d.%d", version / 10000, version % 10000);
    return text;
}

/* ---- rows ---- */

size_t wr_rows_count(const struct wr_rows *rows)
{
    return (size_t)PQntuples(rows->result);
}

const char *wr_rows_text(const struct wr_rows *rows, size_t row, const char *column)
{
    int at = PQfnumber(rows->result, column);
    if (at < 0 || row >= wr_rows_count(rows)) {
        wr_error("the statement has no such row or column", "row=%zu column=%s", row, column);
        abort(); /* a bug in the caller */
    }
    return PQgetisnull(rows->result, (int)row, at) ? NULL : PQgetvalue(rows->result, (int)row, at);
}

void wr_rows_copy(const struct wr_rows *rows, size_t row, const char *column, char *out, size_t cap)
{
    const char *text = wr_rows_text(rows, row, column);
    snprintf(out, cap, "%s", text ? text : "");
}

int64_t wr_rows_int(const struct wr_rows *rows, size_t row, const char *column)
{
    const char *text = wr_rows_text(rows, row, column);
    return text ? strtoll(text, NULL, 10) : 0;
}

bool wr_rows_bool(const struct wr_rows *rows, size_t row, const char *column)
{
    const char *text = wr_rows_text(rows, row, column);
    return text && *text == 't';
}

void wr_rows_free(struct wr_rows *rows)
{
    if (!rows)
        return;
    PQclear(rows->result);
    free(rows);
}

const char *wr_pg_int_text(struct wr_pg_int *out, int64_t n)
{
    snprintf(out->text, sizeof out->text, "%" PRId64, n);
    return out->text;
}

/* ---- array literals ---- */

void wr_pg_array_add(struct wr_buf *array, const char *text)
{
    wr_buf_text(array, array->len ? "," : "{");
    if (!text) {
        wr_buf_text(array, "NULL");
        return;
    }
    wr_buf_text(array, "\"");
    for (size_t n; *text; text += n) {
        n = strcspn(text, "\"\\");
        if (n) {
            wr_buf_add(array, text, n);
        } else {
            wr_buf_text(array, "\\");
            wr_buf_add(array, text, n = 1);
        }
    }
    wr_buf_text(array, "\"");
}

void wr_pg_array_int(struct wr_buf *array, int64_t n)
{
    wr_pg_array_add(array, WR_PG_INT(n));
}

void wr_pg_array_end(struct wr_buf *array)
{
    wr_buf_text(array, array->len ? "}" : "{}");
}
