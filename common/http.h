/* http.h - an HTTP/1.1 and WebSocket server on the daemon's loop. Owns libwebsockets and every rule it needs.
 *
 * Requests: the whole body is read first (bounded), then the handler runs; it answers exactly once, at once
 * or later. A request stays valid until it is answered, even when its client has gone. Answering is the last
 * thing done with it. Whatever the client sends wrong is refused here with a problem (RFC 9457) and counted.
 *
 * Sockets: messages arrive whole, as valid UTF-8 text of at most `message_max` bytes; anything else closes
 * with 1007, 1009 or 1003. There is no send queue: wr_socket_send() refuses while the last message is still
 * being written, and on_writable() comes when there is room; keep a state per socket and tell the latest of
 * it. */
#ifndef WR_HTTP_H
#define WR_HTTP_H
#include "client_address.h"
#include "err.h"
#include "json.h"
#include "loop.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_http;
struct wr_request;
struct wr_socket;

/* ---- routes ---- */
enum {
    WR_ROUTE_ORIGIN = 1, /* refuse when Origin is absent from the allow list (a missing Origin too, unless
                            WR_ROUTE_NO_BROWSER says that non-browsers without Origin may call it) */
    WR_ROUTE_NO_BROWSER = 2,
    WR_ROUTE_FORM = 4,     /* accepts application/x-www-form-urlencoded bodies beside JSON */
    WR_ROUTE_ANY_BODY = 8, /* any content type: webhooks */
    WR_ROUTE_PUBLIC = 16,  /* pages of every origin may read the answer, without credentials */
};
typedef void wr_handler(void *ctx, struct wr_request *req);
struct wr_route {
    const char *method; /* "GET" also serves HEAD; OPTIONS (CORS) is answered by the frame */
    const char *path;   /* "/v1/sales/{sale}/queue"; a last "*" takes the rest as parameter "rest" */
    wr_handler *handle;
    unsigned flags;
    size_t body_max; /* 0: no body allowed; at most 16384 */
};

struct wr_socket_route {
    const char *path, *protocol; /* protocol: the subprotocol that must be offered, "waitroom.v1" */
    size_t session_size;         /* zeroed bytes per socket, given to each callback */
    size_t message_max;          /* at most 4096 */
    /* Before the 101: may refuse with an error (then a problem is answered). Headers and parameters are
     * readable now only. */
    enum wr_err (*on_upgrade)(void *ctx, struct wr_request *req, void *session);
    void (*on_open)(void *ctx, struct wr_socket *s, void *session);
    void (*on_message)(void *ctx, struct wr_socket *s, void *session, const char *text, size_t len);
    void (*on_writable)(void *ctx, struct wr_socket *s, void *session);
    /* A message refused here: not text, not UTF-8, too long. It is counted, and the socket closes when this
     * returns: the last moment to say more than `why` (a literal). NULL: nothing is said. */
    void (*on_refused)(void *ctx, struct wr_socket *s, void *session, enum wr_err err, const char *why);
    void (*on_close)(void *ctx, struct wr_socket *s,
                     void *session); /* the socket is gone when this returns */
    /* With a ping, when nothing was sent for half of `ping_s`: a page sees no pings, and knows that its
     * connection leads nowhere only if it is told something now and then. NULL: nothing is said. */
    void (*on_quiet)(void *ctx, struct wr_socket *s, void *session);
};

/* ---- requests: everything returned is borrowed until the answer ---- */
enum wr_header {
    WR_HEADER_AUTHORIZATION,
    WR_HEADER_IF_NONE_MATCH,
    WR_HEADER_ACCEPT_ENCODING,
    WR_HEADER_IDEMPOTENCY_KEY,
    WR_HEADER_IDEMPOTENCY_RETRY,
    WR_HEADER_WAITROOM_SECRET,
    WR_HEADER_STRIPE_SIGNATURE,
    WR_HEADER_COUNT
};
const char *wr_request_method(const struct wr_request *req);
const char *wr_request_param(const struct wr_request *req, const char *name);  /* NULL: no such */
const char *wr_request_header(const struct wr_request *req, enum wr_header h); /* NULL: absent */
const char *wr_request_query(const struct wr_request *req, const char *name);  /* decoded; NULL: absent */
const char *wr_request_body(const struct wr_request *req, size_t *len);
/* Decoded form field; NULL: absent. */
const char *wr_request_form(const struct wr_request *req, const char *name);
/* The client's address: X-Forwarded-For is believed from `trusted` peers only (client_address.h). */
void wr_request_client(const struct wr_request *req, const struct wr_proxies *trusted,
                       char out[WR_ADDRESS_LEN]);
/* The credential that Authorization brings under this scheme ("Bearer", in any case); NULL: none of it. */
const char *wr_request_credential(const struct wr_request *req, const char *scheme);
bool wr_request_cookie(const struct wr_request *req, const char *name, char *out, size_t cap);
/* The body as one JSON object; NULL after it answered the problem itself (then return at once). */
struct wr_json *wr_request_json(struct wr_request *req);

/* ---- answers ---- */
struct wr_answer {
    int status;               /* 0: 200 */
    const char *content_type; /* NULL: application/json */
    const void *body;
    size_t len;
    const char *headers[8][2]; /* extra ones, name (lower case, without colon) and value; ends with NULL */
};
void wr_answer(struct wr_request *req, const struct wr_answer *answer);
/* Whatever answers it says this as Set-Cookie; copied. */
void wr_request_set_cookie(struct wr_request *req, const char *set_cookie);
void wr_answer_json(struct wr_request *req, int status, struct wr_json *owned); /* Cache-Control: no-store */
/* Problem JSON (problem.h), counted when its client is still there. Retry-After is `retry_s`, or with 0 the table's. */
void wr_answer_problem(struct wr_request *req, enum wr_err err, const char *detail, int retry_s);
/* The same with members of its own: `owned` is wr_problem_json() and more. */
void wr_answer_problem_json(struct wr_request *req, enum wr_err err, struct wr_json *owned, int retry_s);

/* ---- sockets ---- */
/* WR_ERR_BUSY: not taken, on_writable() will come. */
enum wr_err wr_socket_send(struct wr_socket *s, const char *text, size_t len) WR_MUST_CHECK;
/* `on_close` comes later, from the loop. */
void wr_socket_close(struct wr_socket *s, int code, const char *reason);

/* ---- the server ---- */
struct wr_http_config {
    const char *listen; /* "127.0.0.1:7081" */
    const char *public_url, *allowed_origins;
    const struct wr_route *routes;
    const struct wr_socket_route *socket_routes;
    void *ctx;                                /* for handlers; may be set later by wr_http_set_ctx */
    int header_deadline_ms, body_deadline_ms; /* 0: 5 s and 10 s, absolute */
    int answer_deadline_ms; /* 0: 60 s; the client of a handler that takes longer is told so and let go */
    int ping_s, silence_s;                    /* 0: 25 s with jitter, 60 s */
};
enum wr_err wr_http_open(struct wr_http **out, struct wr_loop *loop,
                         const struct wr_http_config *config) WR_MUST_CHECK;
void wr_http_set_ctx(struct wr_http *http, void *ctx);
void wr_http_stop_accepting(struct wr_http *http); /* not from a handler */
void wr_http_close(struct wr_http *http);
bool wr_http_secure(const struct wr_http *http); /* the public URL is https */
int wr_http_port(const struct wr_http *http);    /* the bound port, when 0 was asked for */
size_t wr_http_connections(const struct wr_http *http);
const char *wr_http_version(void);

#endif
