/* http_wire.h - the bytes of HTTP/1.1 (RFC 9112), client side: a request written, an answer read. Pure: no
 * sockets. */
#ifndef BENCH_HTTP_WIRE_H
#define BENCH_HTTP_WIRE_H
#include <stdbool.h>
#include <stddef.h>

struct http_request {
    const char *method, *path, *host, *origin; /* origin NULL: not sent */
    const char *headers;                       /* further lines, each ended by CRLF; "" for none */
    const char *content_type, *body;           /* content_type NULL: no body */
};
/* Returns the length, or 0 when it does not fit. */
size_t http_write(const struct http_request *request, char *out, size_t cap);

struct http_answer {
    int status;
    bool closes;       /* the connection ends with this answer */
    int retry_after_s; /* 0: none */
    const char *head;  /* all header lines, borrowed from the bytes read */
    size_t head_len;
    char *body;
    size_t body_len;
};
/* Reads one whole answer at the start of `bytes`: how many it took, 0 when more must come, -1 when it is no
 * HTTP/1.1. A chunked body is put together in place, which is why the bytes are not const. */
long http_read(char *bytes, size_t len, struct http_answer *out);

/* The value of a header, without surrounding blanks; NULL when absent. */
const char *http_header(const struct http_answer *answer, const char *name, size_t *len);
/* The value of a cookie that the answer sets. */
bool http_cookie(const struct http_answer *answer, const char *name, char *out, size_t cap);

#endif
