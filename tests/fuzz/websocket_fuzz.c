/* Any frames of a client, on a socket that was opened as it should be: the route hears only UTF-8 within its limit, each socket ends
 * with one on_close, and nothing is left.
 *
 * The input is a row of frames (first byte as it is, a length, the payload), masked here, because random bytes would not find a
 * right mask; a first byte of 0xff takes the rest as raw bytes. */
#include "http.h"
#include "http_private.h"
#include "mem.h"
#include "utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 64 };
static struct wr_loop *loop;
static struct wr_http *http;
static struct wr_timer *look;
static int opened, ended, client;

static enum wr_err on_upgrade(void *ctx, struct wr_request *req, void *session)
{
    (void)ctx;
    (void)req;
    (void)session;
    return WR_OK;
}
static void on_open(void *ctx, struct wr_socket *s, void *session)
{
    (void)ctx;
    (void)session;
    opened++;
    (void)!wr_socket_send(s, "hello", 5);
}
static void on_message(void *ctx, struct wr_socket *s, void *session, const char *text, size_t len)
{
    (void)ctx;
    (void)session;
    if (len > MESSAGE_MAX || !wr_utf8_valid(text, len))
        abort();
    if (len && text[0] == 'c')
        wr_socket_close(s, 4000, "asked");
    else
        (void)!wr_socket_send(s, text, len);
}
static void on_writable(void *ctx, struct wr_socket *s, void *session)
{
    (void)ctx;
    (void)s;
    (void)session;
}
static void on_close(void *ctx, struct wr_socket *s, void *session)
{
    (void)ctx;
    (void)s;
    (void)session;
    ended++;
}
static void on_look(void *ctx)
{
    (void)ctx;
    char answer[4096];
    while (recv(client, answer, sizeof answer, MSG_DONTWAIT) > 0)
        ;
    if (!http->conn_count && !http->socket_count && opened == ended)
        wr_loop_stop(loop);
}

static void open_once(void)
{
    static const struct wr_route routes[] = {{0}};
    static const struct wr_socket_route sockets[] = {
        {.path = "/x",
         .protocol = "waitroom.v1",
         .session_size = 8,
         .message_max = MESSAGE_MAX,
         .on_upgrade = on_upgrade,
         .on_open = on_open,
         .on_message = on_message,
         .on_writable = on_writable,
         .on_close = on_close},
        {0}};
    struct wr_http_config config = {.listen = "127.0.0.1:0",
                                    .public_url = "http://a.test",
                                    .allowed_origins = "",
                                    .routes = routes,
                                    .socket_routes = sockets};
    if (wr_loop_open(&loop) || wr_http_open(&http, loop, &config))
        abort();
    look = wr_timer_new(loop, on_look, NULL);
}

static void add_frames(struct wr_buf *out, const uint8_t *data, size_t size)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    while (size >= 2) {
        size_t len = data[1] & 127, have = len < size - 2 ? len : size - 2;
        uint8_t head[2] = {data[0], (uint8_t)(128 | (len < 126 ? len : 125))};
        wr_buf_add(out, head, 2);
        wr_buf_add(out, mask, 4);
        for (size_t i = 0; i < have; i++) {
            uint8_t byte = data[2 + i] ^ mask[i & 3];
            wr_buf_add(out, &byte, 1);
        }
        data += 2 + have;
        size -= 2 + have;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char upgrade[] = "GET /x HTTP/1.1\r\nHost: a.test\r\nOrigin: http://a.test\r\nConnection: "
                                  "Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                                  "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: waitroom.v1\r\n\r\n";
    struct wr_buf bytes = {0};
    int pair[2];
    if (!loop)
        open_once();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
        abort();
    wr_buf_add(&bytes, upgrade, sizeof upgrade - 1);
    if (size && data[0] == 0xff)
        wr_buf_add(&bytes, data + 1, size - 1);
    else
        add_frames(&bytes, data, size);
    opened = ended = 0;
    client = pair[1];
    wr_conn_accept(http, pair[0], "127.0.0.1");
    if (write(client, bytes.at, bytes.len) < 0)
        abort();
    shutdown(client, SHUT_WR);
    wr_timer_start(look, 0, 1);
    wr_loop_run(loop);
    wr_timer_stop(look);
    close(client);
    wr_buf_free(&bytes);
    if (opened != ended || opened > 1)
        abort();
    return 0;
}
