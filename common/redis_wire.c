#include "redis_wire.h"
#include "mem.h"
#include "redis.h"
#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define WR_TEXT(x) #x
#define WR_DOTTED(major, minor, patch) WR_TEXT(major) "." WR_TEXT(minor) "." WR_TEXT(patch)

enum { ELEMENTS_MAX = 1000000 }; /* of one reply; what our scripts answer is far below */

const char *wr_redis_version(void)
{
    return "hiredis " WR_DOTTED(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}

enum wr_err wr_wire_address_parse(struct wr_wire_address *out, const char *text)
{
    *out = (struct wr_wire_address){0};
    if (text[0] == '/')
        return wr_copy_text(out->path, sizeof out->path, text, strlen(text)) ? WR_OK : WR_ERR_INVALID;
    unsigned char binary[sizeof(struct in6_addr)];
    if (!wr_host_port(text, out->ip, &out->port) || !out->port)
        return WR_ERR_INVALID;
    return inet_pton(strchr(out->ip, ':') ? AF_INET6 : AF_INET, out->ip, binary) == 1 ? WR_OK : WR_ERR_INVALID;
}

static void lose(struct wr_wire *w, const char *why)
{
    char text[160];
    if (!wr_copy_text(text, sizeof text, why, strnlen(why, sizeof text - 1)))
        text[0] = '\0';
    wr_wire_close(w);
    w->on_lost(w->ctx, text);
}

static void want(struct wr_wire *w, bool writing)
{
    w->writing = writing;
    wr_watch_set(w->watch, writing ? WR_READABLE | WR_WRITABLE : WR_READABLE);
}

/* Hands out every reply that has come whole. False: the wire is closed, by the owner or because it broke. */
static bool read_replies(struct wr_wire *w)
{
    if (redisBufferRead(w->c) != REDIS_OK) {
        lose(w, w->c->errstr);
        return false;
    }
    for (;;) {
        void *reply = NULL;
        if (redisReaderGetReply(w->c->reader, &reply) != REDIS_OK) {
            lose(w, w->c->reader->errstr);
            return false;
        }
        if (!reply)
            return true;
        w->on_reply(w->ctx, reply);
        freeReplyObject(reply);
        if (!w->c)
            return false;
    }
}

static void on_event(void *ctx, int events)
{
    struct wr_wire *w = ctx;
    if ((events & WR_READABLE) && !read_replies(w))
        return;
    int done = !w->writing;
    if ((events & WR_WRITABLE) && w->writing && redisBufferWrite(w->c, &done) != REDIS_OK)
        lose(w, w->c->errstr);
    else
        want(w, !done); /* also sets a watch going again that an error event stopped */
}

/* hiredis makes room for as many elements as a reply announces, before one of them is there. */
#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif
static redisReplyObjectFunctions bounded;
static void *(*create_any_array)(const redisReadTask *task, element_count count);

static void *create_array(const redisReadTask *task, element_count count)
{
    return count > ELEMENTS_MAX ? NULL : create_any_array(task, count); /* NULL: the connection ends */
}

static void bound_replies(redisReader *reader)
{
    if (!create_any_array) {
        bounded = *reader->fn;
        create_any_array = bounded.createArray;
        bounded.createArray = create_array;
    }
    reader->fn = &bounded;
}

bool wr_wire_open(struct wr_wire *w, const struct wr_wire_address *address)
{
    redisContext *c = address->path[0] ? redisConnectUnixNonBlock(address->path)
                                       : redisConnectNonBlock(address->ip, address->port);
    if (!c || c->err) {
        if (c)
            redisFree(c);
        return false;
    }
    if (!address->path[0]) {
        const int on = 1; /* hiredis 1 leaves it off when the connect does not block */
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    bound_replies(c->reader);
    w->c = c;
    w->watch = wr_watch_new(w->loop, c->fd, on_event, w);
    want(w, true);
    return true;
}

void wr_wire_send(struct wr_wire *w, size_t count, const char *const *args, const size_t *lens)
{
    /* hiredis does not write to the array; its type only forgot to say so. */
    const char **argv = (const char **)(uintptr_t)args;
    if (redisAppendCommandArgv(w->c, (int)count, argv, lens) != REDIS_OK)
        abort(); /* out of memory */
    if (!w->writing)
        want(w, true);
}

void wr_wire_close(struct wr_wire *w)
{
    if (!w->c)
        return;
    wr_watch_free(w->watch); /* before its descriptor closes */
    redisFree(w->c);
    w->watch = NULL;
    w->c = NULL;
}

/* ---- replies ---- */
static const redisReply *native(const struct wr_reply *reply)
{
    return (const redisReply *)(const void *)reply;
}

enum wr_reply_type wr_reply_type(const struct wr_reply *reply)
{
    if (!reply)
        return WR_REPLY_NIL;
    switch (native(reply)->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return WR_REPLY_TEXT;
    case REDIS_REPLY_INTEGER:
        return WR_REPLY_INT;
    case REDIS_REPLY_ARRAY:
        return WR_REPLY_LIST;
    case REDIS_REPLY_ERROR:
        return WR_REPLY_ERROR;
    default: /* the further types of RESP3 come only to who asks for them */
        return WR_REPLY_NIL;
    }
}

const char *wr_reply_text(const struct wr_reply *reply, size_t *len)
{
    enum wr_reply_type type = wr_reply_type(reply);
    bool text = type == WR_REPLY_TEXT || type == WR_REPLY_ERROR;
    if (len)
        *len = text ? (size_t)native(reply)->len : 0;
    return text ? native(reply)->str : "";
}

int64_t wr_reply_int(const struct wr_reply *reply)
{
    if (wr_reply_type(reply) == WR_REPLY_INT)
        return native(reply)->integer;
    const char *text = wr_reply_text(reply, NULL);
    char *end;
    long long n = strtoll(text, &end, 10);
    return *end ? 0 : n;
}

size_t wr_reply_count(const struct wr_reply *reply)
{
    return wr_reply_type(reply) == WR_REPLY_LIST ? native(reply)->elements : 0;
}

const struct wr_reply *wr_reply_at(const struct wr_reply *reply, size_t i)
{
    return i < wr_reply_count(reply) ? (const struct wr_reply *)(const void *)native(reply)->element[i]
                                     : NULL;
}
