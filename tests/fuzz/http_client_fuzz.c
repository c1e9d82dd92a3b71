/* Any bytes as what a payment provider's HTTP server answers: a call has one outcome, and a status only with WR_OK. */
#include "http_client.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wr_loop *loop;
static struct wr_watch *door, *answering;
static struct wr_http_client *http;
static char url[64];
static int listener, connection = -1, outcomes;
static const uint8_t *bytes;
static size_t len;

static void hang_up(void)
{
    wr_watch_free(answering);
    answering = NULL;
    close(connection);
    connection = -1;
}
/* The request has come, or a part of it: the answer, and the end. */
static void on_request(void *ctx, int events)
{
    char request[4096];
    (void)ctx;
    (void)events;
    if (recv(connection, request, sizeof request, 0) > 0 && len)
        send(connection, bytes, len, MSG_NOSIGNAL);
    hang_up();
}
static void on_door(void *ctx, int events)
{
    (void)ctx;
    (void)events;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (connection >= 0)
        hang_up();
    connection = fd;
    answering = wr_watch_new(loop, fd, on_request, NULL);
    wr_watch_set(answering, WR_READABLE);
}
static void on_done(void *ctx, enum wr_err err, int status, const char *body, size_t body_len)
{
    (void)ctx;
    if (err ? status != 0 : (status < 100 || (body_len && !body)))
        abort();
    outcomes++;
    wr_loop_stop(loop);
}

static void open_once(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t at_len = sizeof at;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, at_len) || listen(listener, 8) ||
        getsockname(listener, (struct sockaddr *)&at, &at_len) || wr_loop_open(&loop) ||
        wr_http_client_open(&http, loop, 4))
        abort();
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/refunds", ntohs(at.sin_port));
    door = wr_watch_new(loop, listener, on_door, NULL);
    wr_watch_set(door, WR_READABLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wr_http_call call = {.method = "POST",
                                .url = url,
                                .headers = {"Authorization: Bearer x", NULL},
                                .body = "a=b",
                                .len = 3,
                                .deadline_ms = 100};
    if (!loop)
        open_once();
    bytes = data;
    len = size;
    outcomes = 0;
    if (wr_http_client_call(http, &call, on_done, NULL))
        abort();
    wr_loop_run(loop);
    if (outcomes != 1)
        abort();
    if (connection >= 0)
        hang_up();
    return 0;
}
