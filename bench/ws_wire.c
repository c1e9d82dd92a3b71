#include "ws_wire.h"
#include <string.h>

size_t ws_write(enum ws_opcode opcode, const void *payload, size_t len, uint32_t mask, void *out)
{
    uint8_t *to = out;
    const uint8_t *from = payload;
    size_t at = 0;
    to[at++] = (uint8_t)(0x80 | opcode);
    if (len < 126) {
        to[at++] = (uint8_t)(0x80 | len);
    } else {
        to[at++] = 0x80 | 126;
        to[at++] = (uint8_t)(len >> 8);
        to[at++] = (uint8_t)len;
    }
    uint8_t key[4] = {(uint8_t)(mask >> 24), (uint8_t)(mask >> 16), (uint8_t)(mask >> 8), (uint8_t)mask};
    memcpy(to + at, key, 4);
    at += 4;
    for (size_t i = 0; i < len; i++)
        to[at + i] = from[i] ^ key[i & 3];
    return at + len;
}

static bool is_opcode(unsigned opcode)
{
    return opcode == WS_TEXT || opcode == WS_BINARY || opcode == WS_CLOSE || opcode == WS_PING ||
           opcode == WS_PONG;
}

long ws_read(const char *bytes, size_t len, struct ws_frame *out)
{
    if (len < 2)
        return 0;
    uint8_t first = (uint8_t)bytes[0], second = (uint8_t)bytes[1];
    unsigned opcode = first & 0x0f;
    if ((first & 0xf0) != 0x80 || !is_opcode(opcode) || (second & 0x80))
        return -1;
    size_t at = 2, size = second;
    if (size == 126) {
        if (len < 4)
            return 0;
        size = (size_t)((uint8_t)bytes[2] << 8 | (uint8_t)bytes[3]);
        at = 4;
        if (size < 126)
            return -1; /* not the shortest form */
    } else if (size == 127) {
        return -1; /* longer than any message of ours */
    }
    if (opcode >= WS_CLOSE && size > 125)
        return -1;
    if (len - at < size)
        return 0;
    *out = (struct ws_frame){.opcode = (enum ws_opcode)opcode, .payload = bytes + at, .len = size};
    return (long)(at + size);
}
