/* Any bytes as what a Redis answers, however they are cut: the replies can be walked through to their leaves, and the connection ends
 * once. The first byte says where the bytes are cut in two. */
#include "redis.h"
#include "redis_wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wr_loop *loop;
static struct wr_watch *door;
static struct wr_wire_address address;
static int listener, lost;
static const uint8_t *bytes;
static size_t len, cut;

static size_t walk(const struct wr_reply *reply)
{
    size_t text_len = 0, sum = (size_t)wr_reply_int(reply);
    const char *text = wr_reply_text(reply, &text_len);
    for (size_t i = 0; text && i < text_len; i++)
        sum += (unsigned char)text[i];
    for (size_t i = 0; i < wr_reply_count(reply); i++)
        sum += walk(wr_reply_at(reply, i));
    if (wr_reply_at(reply, wr_reply_count(reply)))
        abort();
    return sum;
}
static void on_reply(void *ctx, const struct wr_reply *reply)
{
    volatile size_t read = walk(reply);
    (void)read;
    (void)ctx;
}
static void on_lost(void *ctx, const char *why)
{
    (void)ctx;
    (void)why;
    lost++;
    wr_loop_stop(loop);
}
/* The server's side: both pieces, and then it closes. */
static void on_door(void *ctx, int events)
{
    int fd = accept(listener, NULL, NULL);
    (void)ctx;
    (void)events;
    if (fd < 0)
        return;
    if (cut && write(fd, bytes, cut) < 0)
        abort();
    if (len > cut && write(fd, bytes + cut, len - cut) < 0 && !lost)
        abort();
    close(fd);
}

static void open_once(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(address.path, sizeof address.path, "/tmp/wr-fuzz-redis-%d", (int)getpid());
    memcpy(at.sun_path, address.path, sizeof at.sun_path);
    unlink(address.path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 8) ||
        wr_loop_open(&loop))
        abort();
    door = wr_watch_new(loop, listener, on_door, NULL);
    wr_watch_set(door, WR_READABLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wr_wire wire = {.on_reply = on_reply, .on_lost = on_lost};
    if (!size)
        return 0;
    if (!loop)
        open_once();
    bytes = data + 1;
    len = size - 1;
    cut = len ? data[0] % len : 0;
    lost = 0;
    wire.loop = loop;
    if (!wr_wire_open(&wire, &address))
        abort();
    wr_loop_run(loop);
    if (lost != 1 || wire.c)
        abort();
    return 0;
}
