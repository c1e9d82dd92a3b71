/* http_private.h - what the files behind http.h share.
 *
 *   listener.c --fd--> connection.c --head--> dispatch.c --handler--> request.c (answer) --> connection.c
 *                                                 |
 *                                                 +--upgrade--> websocket.c
 *                                                               (libwebsockets owns the descriptor from here)
 *
 * HTTP/1.1 is read here and not by libwebsockets: 4.1.6 and 4.3.5 decode no Transfer-Encoding, complete a
 * body twice, turn CONNECT into a raw connection, spin while a request without a body waits for its answer
 * and the client has sent more, and refuse without a status. So libwebsockets sees nothing of a client but
 * frames: the upgrade request it reads was written by us. */
#ifndef WR_HTTP_PRIVATE_H
#define WR_HTTP_PRIVATE_H
#include "http.h"
#include "http1.h"
#include "listener.h"
#include "mem.h"
#include "origin.h"
#include "route.h"
#include "wheel.h"

enum {
    WR_BODY_MAX = 16384,
    WR_MESSAGE_MAX = 4096,
    WR_KEEPALIVE_MS = 75000, /* longer than a proxy keeps an idle connection: it should close first */
    WR_WRITE_MS = 60000,     /* the whole answer must have left by then */
    WR_EVICT_MS = 2000,      /* who has been idle for so long goes when descriptors become scarce */
    WR_LINGER_MS =
        2000, /* after a refusal: time for the client to read it before what it still sends is reset */
};

struct wr_ws;
struct wr_conn;

struct wr_http {
    struct wr_loop *loop;
    struct wr_http_config config; /* texts in it are not kept */
    struct wr_origins *origins;
    struct wr_listener *listener; /* NULL: not accepting any more */
    struct wr_ws *ws;
    struct wr_wheel wheel;
    struct wr_timer *tick; /* turns the wheel; runs only while a deadline is set */
    bool ticking, secure;
    struct wr_conn *conns; /* list */
    struct wr_socket *sockets;
    size_t conn_count, socket_count;
    uint64_t jitter; /* state of a small generator, for spreading only */
    int64_t date_s;
    char date[32]; /* of date_s, as HTTP writes it */
};

/* ---- http.c ---- */
void wr_http_deadline(struct wr_http *http, struct wr_deadline *d, uint64_t delay_ms);
uint64_t wr_http_spread(struct wr_http *http, uint64_t ms); /* ms, less up to a fifth */
const char *wr_http_date(struct wr_http *http);

/* ---- connection.c ---- */
void wr_conn_accept(void *http, int fd, const char *peer);
/* Sends head and body of the answer to the request in hand; what the socket does not take at once is copied.
 */
void wr_conn_answer(struct wr_conn *c, struct wr_buf *head, const void *body, size_t len, bool keep_alive);
int wr_conn_release(struct wr_conn *c);         /* gives the descriptor away; the connection ends */
bool wr_conn_has_more(const struct wr_conn *c); /* bytes behind the request have been read already */
bool wr_conn_abandoned(const struct wr_conn *c); /* the client has closed its side: no socket can come of it */
void wr_conn_drop(struct wr_conn *c);            /* closes without an answer, and frees the request in hand */
void wr_conn_evict_idle(void *http);            /* makes room: the idle of WR_EVICT_MS and more */
void wr_conn_close_idle(struct wr_http *http);  /* those without a request in hand */
void wr_conn_close_all(struct wr_http *http);

/* ---- request: owned by its connection until dispatched, then by whoever answers ---- */
struct wr_request {
    struct wr_http *http;
    struct wr_conn *conn; /* NULL: the client has gone */
    char *bytes;          /* what `head` points into */
    struct wr_head head;
    const struct wr_route *route;
    struct wr_params params;
    char *params_text, *body;
    size_t body_len;
    struct wr_request_text {
        struct wr_request_text *next;
        char text[];
    } * texts;          /* decoded query and form values handed out */
    char *set_cookie;
    const char *origin; /* the Origin header when it is on the list, for CORS */
    char allow[96];
    char client[WR_ADDRESS_LEN]; /* the peer's */
    bool close;
};
void wr_request_free(struct wr_request *req);

/* ---- dispatch.c ---- */
/* Decides by the head alone, before any body is read: false when it has answered or upgraded. */
bool wr_dispatch_head(struct wr_request *req);
void wr_dispatch(struct wr_request *req); /* the body is there: runs the handler */

/* ---- websocket.c: the only file that knows libwebsockets ---- */
enum wr_err wr_ws_open(struct wr_http *http) WR_MUST_CHECK;
struct wr_socket *wr_ws_socket(struct wr_http *http, const struct wr_socket_route *route);
void *wr_ws_session(struct wr_socket *s);
void wr_ws_discard(struct wr_socket *s);                        /* refused before it was adopted */
void wr_ws_adopt(struct wr_socket *s, int fd, const char *key); /* key: the checked Sec-WebSocket-Key */
/* False: libwebsockets keeps handles, and `http` must stay. */
bool wr_ws_close(struct wr_http *http); /* from outside the loop's callbacks: it runs the loop to finish */

#endif
