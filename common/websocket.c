/* websocket.c - WebSockets, on libwebsockets 4.1.6 (Debian 12) and 4.3.5 (Debian 13). No other file includes
 * it.
 *
 * It gets a connection after the handshake was checked, with an upgrade request written here, so all a client
 * can send it is frames. What it is kept from doing, because one of these versions does it badly: compressing
 * (a frame can abort the process), timing out (timers late, lists linear), validating UTF-8 (a pong between
 * fragments confuses it), listening, signals, TLS, HTTP/2.
 *
 * A message leaves by lws_write() straight from whoever has it, while nothing is buffered: asking for the
 * writeable callback costs three epoll_ctl on libuv. libwebsockets keeps at most the rest of that one
 * message. */
#include "http_private.h"
#include "log.h"
#include "metrics.h"
#include "utf8.h"
#include <dlfcn.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PROTOCOLS_MAX = 8,
    SEND_MAX = 16384,
    RX_BUFFER = 128,
    TX_PACKET = 4096,
    KILL_MS = 1000,
    CLOSE_MS = 3000
};

struct wr_socket {
    struct wr_http *http;
    const struct wr_socket_route *route;
    struct lws *wsi; /* NULL until adopted */
    struct wr_socket *prev, *next;
    struct wr_deadline deadline; /* next ping; when closing: the end of patience */
    uint64_t heard_ms, told_ms;
    char *partial; /* message_max + 1 bytes while a message is coming in pieces */
    uint32_t partial_len;
    uint16_t close_code; /* not 0: closing */
    bool open, said_goodbye;
    char close_reason[40];
    _Alignas(max_align_t) char session[];
};

struct wr_ws {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[PROTOCOLS_MAX + 2];
    lws_retry_bo_t no_retry; /* all zero: no validity timers */
    struct wr_socket *adopting;
    char out[LWS_PRE + SEND_MAX];
};

static int on_lws(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t len);

/* ---- opening ---- */

static void add_protocols(struct wr_http *http, struct lws_protocols *list)
{
    size_t n = 0;
    /* The first is what a connection has before its upgrade names another. */
    list[n++] =
        (struct lws_protocols){.name = "none", .callback = on_lws, .per_session_data_size = sizeof(void *)};
    for (const struct wr_socket_route *r = http->config.socket_routes; r && r->path; r++) {
        size_t known = 1;
        while (known < n && strcmp(list[known].name, r->protocol) != 0)
            known++;
        if (known < n || n > PROTOCOLS_MAX)
            continue;
        list[n++] = (struct lws_protocols){.name = r->protocol,
                                           .callback = on_lws,
                                           .per_session_data_size = sizeof(void *),
                                           .rx_buffer_size = RX_BUFFER,
                                           .tx_packet_size = TX_PACKET};
    }
}

static void on_lws_log(int level, const char *line)
{
    wr_warn("libwebsockets", "level=%d line=\"%.*s\"", level, (int)strcspn(line, "\n"), line);
}

/* The context's end unloads the libuv plugin, but handles of it may still be closing: the loop's next turn
 * would call into nothing. */
static void keep_plugin(void)
{
    if (!dlopen("libwebsockets-evlib_uv.so", RTLD_LAZY | RTLD_NODELETE))
        wr_debug("libwebsockets has libuv built in", "");
}

enum wr_err wr_ws_open(struct wr_http *http)
{
    struct wr_ws *ws = wr_alloc(sizeof *ws);
    void *loops[1] = {wr_loop_native(http->loop)};
    add_protocols(http, ws->protocols);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .options = LWS_SERVER_OPTION_LIBUV,
        .foreign_loops = loops,
        .pcontext = &ws->context,
        .protocols = ws->protocols,
        .retry_and_idle_policy = &ws->no_retry,
        .max_http_header_data = 1024, /* for our own request */
        .alpn = "http/1.1",
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .user = http,
        .vhost_name = "waitroom",
    };
    http->ws = ws;
    lws_set_log_level(LLL_ERR, on_lws_log);
    ws->context = lws_create_context(&info);
    if (!ws->context) {
        wr_error("libwebsockets does not start", "hint=\"its libuv plugin is a package of its own\"");
        return WR_ERR_INTERNAL;
    }
    keep_plugin();
    ws->vhost = lws_get_vhost_by_name(ws->context, "waitroom");
    lws_set_log_level(0, on_lws_log); /* from here on its errors are what clients do */
    return WR_OK;
}

/* ---- a socket's life ---- */

struct wr_socket *wr_ws_socket(struct wr_http *http, const struct wr_socket_route *route)
{
    struct wr_socket *s = wr_alloc(sizeof *s + route->session_size);
    s->http = http;
    s->route = route;
    return s;
}

void *wr_ws_session(struct wr_socket *s)
{
    return s->session;
}

void wr_ws_discard(struct wr_socket *s)
{
    free(s);
}

/* Ends a connection that does not close politely; called again until libwebsockets lets go of it. */
static void kill_socket(struct wr_socket *s)
{
    struct lws_context *context = s->http->ws->context;
    wr_http_deadline(s->http, &s->deadline, KILL_MS);
    lws_set_timeout(s->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC); /* may free s */
    lws_cancel_service(context); /* its own timers wait for a turn of its own */
}

/* Frames that the protocol forbids end in libwebsockets itself: it leaves the code it closes with. */
static bool broke_protocol(const struct wr_socket *s)
{
    const unsigned char *code = lws_get_close_payload(s->wsi);
    return !s->close_code && lws_get_close_length(s->wsi) >= 2 &&
           (code[0] << 8 | code[1]) == LWS_CLOSE_STATUS_PROTOCOL_ERR;
}

static void send_ping(struct wr_socket *s)
{
    unsigned char frame[LWS_PRE + 1];
    frame[LWS_PRE] = 'w'; /* an empty pong would be swallowed */
    if (!lws_partial_buffered(s->wsi))
        lws_write(s->wsi, frame + LWS_PRE, 1, LWS_WRITE_PING);
}

static void on_deadline(struct wr_deadline *d)
{
    struct wr_socket *s = (struct wr_socket *)((char *)d - offsetof(struct wr_socket, deadline));
    uint64_t now = wr_loop_now_ms(s->http->loop), silent = now - s->heard_ms;
    uint64_t ping_ms = (uint64_t)s->http->config.ping_s * 1000;
    uint64_t limit = (uint64_t)s->http->config.silence_s * 1000;
    bool broke = broke_protocol(s);
    if (broke)
        wr_metrics_refusal(WR_ERR_MALFORMED);
    if (s->close_code || silent >= limit || broke) {
        s->close_code = s->close_code ? s->close_code : 1001;
        kill_socket(s);
        return;
    }
    uint64_t next = wr_http_spread(s->http, ping_ms);
    wr_http_deadline(s->http, &s->deadline, next < limit - silent ? next : limit - silent);
    send_ping(s);
    if (s->route->on_quiet && now - s->told_ms >= ping_ms / 2)
        s->route->on_quiet(s->http->config.ctx, s, s->session);
}

static void opened(struct wr_socket *s)
{
    struct wr_http *http = s->http;
    s->open = true;
    s->next = http->sockets;
    if (s->next)
        s->next->prev = s;
    http->sockets = s;
    http->socket_count++;
    s->heard_ms = s->told_ms = wr_loop_now_ms(http->loop);
    s->deadline.on_due = on_deadline;
    wr_http_deadline(http, &s->deadline, wr_http_spread(http, (uint64_t)http->config.ping_s * 1000));
    s->route->on_open(http->config.ctx, s, s->session);
}

static void closed(struct wr_socket *s)
{
    struct wr_http *http = s->http;
    if (s->open) {
        if (broke_protocol(s))
            wr_metrics_refusal(WR_ERR_MALFORMED);
        if (s->prev)
            s->prev->next = s->next;
        else
            http->sockets = s->next;
        if (s->next)
            s->next->prev = s->prev;
        http->socket_count--;
        wr_wheel_clear(&http->wheel, &s->deadline);
        s->close_code = 1001; /* nothing can be sent from within */
        s->route->on_close(http->config.ctx, s, s->session);
    }
    free(s->partial);
    free(s);
}

void wr_ws_adopt(struct wr_socket *s, int fd, const char *key)
{
    struct wr_ws *ws = s->http->ws;
    char request[320];
    int len =
        snprintf(request, sizeof request,
                 "GET / HTTP/1.1\r\nHost: waitroom\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
                 key, s->route->protocol);
    ws->adopting = s;
    lws_adopt_socket_vhost_readbuf(ws->vhost, fd, request, (size_t)len);
    if (!ws->adopting)
        return; /* taken over in FILTER_PROTOCOL_CONNECTION: from there the wsi owns it */
    ws->adopting = NULL;
    wr_ws_discard(s);
}

/* ---- messages in ---- */

static void fail(struct wr_socket *s, enum wr_err err, int code, const char *why)
{
    wr_metrics_refusal(err);
    if (s->route->on_refused)
        s->route->on_refused(s->http->config.ctx, s, s->session, err, why);
    wr_socket_close(s, code, why);
}

static void deliver(struct wr_socket *s, const char *text, size_t len)
{
    if (wr_utf8_valid(text, len))
        s->route->on_message(s->http->config.ctx, s, s->session, text, len);
    else
        fail(s, WR_ERR_MALFORMED, 1007, "A message is UTF-8.");
}

/* Pieces come as the network cut them, up to the receive buffer's size. */
static void received(struct wr_socket *s, const char *piece, size_t len)
{
    size_t max = s->route->message_max;
    size_t to_come = lws_remaining_packet_payload(s->wsi);
    s->heard_ms = wr_loop_now_ms(s->http->loop);
    if (lws_frame_is_binary(s->wsi)) {
        fail(s, WR_ERR_MEDIA_TYPE, 1003, "A message is a text frame.");
        return;
    }
    /* each term alone first: a frame may announce 2^63 bytes */
    if (to_come > max || s->partial_len + len + to_come > max) {
        fail(s, WR_ERR_TOO_LARGE, 1009, "This message is too long.");
        return;
    }
    bool last = !to_come && lws_is_final_fragment(s->wsi);
    if (last && !s->partial) {
        deliver(s, piece, len);
        return;
    }
    if (!s->partial)
        s->partial = wr_alloc(max + 1);
    memcpy(s->partial + s->partial_len, piece, len);
    s->partial_len += (uint32_t)len;
    if (!last)
        return;
    char *whole = s->partial;
    size_t whole_len = s->partial_len;
    s->partial = NULL;
    s->partial_len = 0;
    whole[whole_len] = 0;
    deliver(s, whole, whole_len);
    free(whole);
}

/* ---- messages out ---- */

enum wr_err wr_socket_send(struct wr_socket *s, const char *text, size_t len)
{
    if (s->close_code || len > SEND_MAX || broke_protocol(s))
        return WR_ERR_BUSY;
    if (lws_partial_buffered(s->wsi)) {
        lws_callback_on_writable(s->wsi);
        return WR_ERR_BUSY;
    }
    unsigned char *at = (unsigned char *)s->http->ws->out + LWS_PRE;
    s->told_ms = wr_loop_now_ms(s->http->loop);
    memcpy(at, text, len);
    if (lws_write(s->wsi, at, len, LWS_WRITE_TEXT) < 0) {
        s->close_code = 1006;                       /* gone: nothing more to say */
        wr_http_deadline(s->http, &s->deadline, 0); /* not from here: the caller may be anywhere */
    }
    return WR_OK;
}

/* The close frame is written by hand: this libwebsockets sends one only for a reception that returns -1, and
 * hangs up without one for a callback for writing that does. The client's own close frame, or the deadline,
 * ends the connection. */
static void say_goodbye(struct wr_socket *s)
{
    if (s->said_goodbye)
        return;
    if (lws_partial_buffered(s->wsi)) {
        lws_callback_on_writable(s->wsi);
        return;
    }
    unsigned char frame[4 + sizeof s->close_reason];
    size_t len = strlen(s->close_reason);
    frame[0] = 0x88; /* the last of a close message; a server's frames are not masked (RFC 6455, 5.5.1) */
    frame[1] = (unsigned char)(2 + len);
    frame[2] = (unsigned char)(s->close_code >> 8);
    frame[3] = (unsigned char)s->close_code;
    memcpy(frame + 4, s->close_reason, len);
    s->said_goodbye = true;
    if (send(lws_get_socket_fd(s->wsi), frame, 4 + len, MSG_NOSIGNAL) != (ssize_t)(4 + len))
        wr_http_deadline(s->http, &s->deadline, 1); /* not from within: who calls still holds it */
}

void wr_socket_close(struct wr_socket *s, int code, const char *reason)
{
    if (s->close_code)
        return;
    s->close_code = (uint16_t)code;
    wr_copy_text(s->close_reason, sizeof s->close_reason, reason,
                 strnlen(reason, sizeof s->close_reason - 1));
    wr_http_deadline(s->http, &s->deadline, CLOSE_MS);
    say_goodbye(s);
}

/* RFC 6455, 7.4.1 and 7.4.2: what may stand in a close frame. */
static bool code_valid(int code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

/* The client's close frame. 0: libwebsockets answers it in kind and ends the connection, -1: it only ends it. */
static int farewell(struct wr_socket *s, const unsigned char *in, size_t len)
{
    if (s->said_goodbye)
        return -1; /* it answers ours */
    bool valid = !len || (len >= 2 && code_valid(in[0] << 8 | in[1]));
    if (valid && (len <= 2 || wr_utf8_valid((const char *)in + 2, len - 2))) {
        s->close_code = 1000; /* nothing may follow a close */
        s->said_goodbye = true;
        return 0;
    }
    wr_metrics_refusal(WR_ERR_MALFORMED);
    wr_socket_close(s, valid ? 1007 : 1002, valid ? "not UTF-8" : "not a close code");
    return -1;
}

/* ---- libwebsockets' side ---- */

static int on_socket(struct wr_socket *s, enum lws_callback_reasons why, const char *in, size_t len)
{
    switch (why) {
    case LWS_CALLBACK_ESTABLISHED:
        opened(s);
        break;
    case LWS_CALLBACK_RECEIVE:
        if (!s->close_code)
            received(s, in, len);
        break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return farewell(s, (const unsigned char *)in, len);
    case LWS_CALLBACK_RECEIVE_PONG:
        s->heard_ms = wr_loop_now_ms(s->http->loop);
        break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (s->close_code)
            say_goodbye(s);
        else if (s->open)
            s->route->on_writable(s->http->config.ctx, s, s->session);
        break;
    default:
        return 0;
    }
    return s->close_code == 1006 ? -1 : 0;
}

/* The request is ours, so what the user data holds is ours from the moment the protocol is known. */
static int attach(struct lws *wsi, struct wr_socket **slot)
{
    struct wr_http *http = lws_context_user(lws_get_context(wsi));
    *slot = http->ws->adopting;
    http->ws->adopting = NULL;
    if (!*slot)
        return -1;
    (*slot)->wsi = wsi;
    return 0;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in, size_t len)
{
    struct wr_socket **slot = user;
    struct wr_socket *s = slot ? *slot : NULL;
    switch (why) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return attach(wsi, slot);
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_RECEIVE_PONG:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return s ? on_socket(s, why, in, len) : -1;
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        if (s) {
            *slot = NULL;
            closed(s);
        }
        return 0;
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
        return -1;
    default:
        return 0;
    }
}

/* ---- closing ---- */

static void stop_loop(void *loop)
{
    wr_loop_stop(loop);
}

/* Its handles close over turns of the loop; a context on a foreign loop is destroyed by a second call after
 * them. */
bool wr_ws_close(struct wr_http *http)
{
    struct wr_ws *ws = http->ws;
    if (!ws)
        return true;
    while (http->sockets) {
        struct wr_socket *s = http->sockets;
        s->close_code = 1006;
        lws_set_timeout(s->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
        if (http->sockets == s)
            break; /* still flushing: the context's end takes it along */
    }
    struct wr_timer *stop = wr_timer_new(http->loop, stop_loop, http->loop);
    if (ws->context)
        lws_context_destroy(ws->context);
    for (int turn = 0; turn < 20 && (ws->context || http->sockets); turn++) {
        wr_timer_start(stop, 5, 0);
        wr_loop_run(http->loop);
        if (ws->context)
            lws_context_destroy(ws->context);
    }
    wr_timer_free(stop);
    if (ws->context || http->sockets) {
        wr_warn("libwebsockets did not end", "sockets=%zu", http->socket_count);
        return false;
    }
    free(ws);
    return true;
}

const char *wr_http_version(void)
{
    static char text[32]; /* the library's own has a commit behind a dash */
    const char *version = lws_get_library_version();
    snprintf(text, sizeof text, "libwebsockets %.*s", (int)strcspn(version, "-"), version);
    return text;
}
