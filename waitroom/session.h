/* session.h - one WebSocket: who is on it, and what it must still be told.
 *
 *   OPEN --join--> JOINING --a number--> IN_LINE --superseded, fatal, drain--> CLOSING
 *     \--join with ticket-------------------^  \--join anew, after its turn--> JOINING
 *
 * There is no queue of messages: `tell` says which kinds are due, and each is made from the state at the moment it is sent. */
#ifndef WAITROOM_SESSION_H
#define WAITROOM_SESSION_H
#include "err.h"
#include "http.h"
#include "id.h"
#include "list.h"

struct room;
struct shopper;

enum session_state { SESSION_OPEN, SESSION_JOINING, SESSION_IN_LINE, SESSION_CLOSING };
enum tell { /* in the order they are told */
            TELL_SALE = 1 << 0,
            TELL_TICKET = 1 << 1,
            TELL_ERROR = 1 << 2,
            TELL_CALLED = 1 << 3,
            TELL_ADMITTED = 1 << 4,
            TELL_ORDERS = 1 << 5,
            TELL_SPENT = 1 << 6,
            TELL_POSITION = 1 << 7,
            TELL_SUPERSEDED = 1 << 8,
            TELL_CLOSED = 1 << 9, /* the line is; said only while that is true */
            TELL_RECONNECT = 1 << 10,
};

struct joiner { /* waits for a number, in the order of arrival */
    struct link link;
    char shopper[WR_SHOPPER_LEN + 1];
    /* Runs once, unless joiner_leave() came before. err is WR_OK with a place, or says why there is none. */
    void (*done)(struct joiner *joiner, enum wr_err err, uint64_t place);
};

struct session {
    enum session_state state;
    struct wr_socket *socket;
    struct room *room;
    struct shopper *shopper;      /* IN_LINE */
    char who[WR_SHOPPER_LEN + 1]; /* "" until a cookie or a join says it */
    struct link link;             /* room->sessions */
    struct joiner joiner;
    unsigned tell;
    uint64_t sale_told;  /* room->sale_news when it was last told the sale */
    enum wr_err error;   /* of TELL_ERROR */
    const char *detail;  /* a literal, or NULL: the table's sentence */
    int close_code;      /* once everything is told */
    unsigned heard, bad; /* messages in this second; refused ones in all */
    uint64_t heard_second;
    bool closed_counted; /* its join was refused for now, and that is counted */
    unsigned numbers; /* that it took in the present spell */
    uint64_t spell_ms;
};

void session_set_state(struct session *s, enum session_state state); /* the only place that changes it */
/* Makes it due and sends what the socket takes; the rest follows from on_writable. */
void session_tell(struct session *s, unsigned tell);
void session_refuse(struct session *s, enum wr_err err, const char *detail); /* told, counted, not fatal */
void session_end(struct session *s, unsigned last, int close_code);          /* tells `last`, then closes */
void session_supersede(struct session *s); /* a newer connection of this browser is told everything now */

/* hear_shopper.c: the socket's callbacks */
enum wr_err on_line_upgrade(void *ctx, struct wr_request *req, void *session);
void on_line_open(void *ctx, struct wr_socket *socket, void *session);
void on_line_message(void *ctx, struct wr_socket *socket, void *session, const char *text, size_t len);
void on_line_writable(void *ctx, struct wr_socket *socket, void *session);
void on_line_refused(void *ctx, struct wr_socket *socket, void *session, enum wr_err err, const char *why);
void on_line_close(void *ctx, struct wr_socket *socket, void *session);
void on_line_quiet(void *ctx, struct wr_socket *socket, void *session);

#endif
