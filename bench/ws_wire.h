/* ws_wire.h - WebSocket framing (RFC 6455), client side: masked out, unmasked in. Pure: no sockets. */
#ifndef BENCH_WS_WIRE_H
#define BENCH_WS_WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* The handshake's key is RFC 6455's own example: a constant, so its answer is one too. */
#define WS_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define WS_PAYLOAD_MAX 65535
/* One masked, final frame; returns its length, at most len + 8. `len` is at most WS_PAYLOAD_MAX. */
size_t ws_write(enum ws_opcode opcode, const void *payload, size_t len, uint32_t mask, void *out);

struct ws_frame {
    enum ws_opcode opcode;
    const char *payload; /* borrowed from the bytes read */
    size_t len;
};
/* One whole frame at the start of `bytes`: how many it took, 0 when more must come, -1 when no server may
 * send it (or it is a fragment: messages of the line never are). */
long ws_read(const char *bytes, size_t len, struct ws_frame *out);

#endif
