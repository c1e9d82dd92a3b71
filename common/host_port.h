/* host_port.h - HOST:PORT as options have it: "127.0.0.1:7081", "[::1]:7081" (RFC 3986: a host with colons is in
 * brackets, and no other is). Pure. */
#ifndef WR_HOST_PORT_H
#define WR_HOST_PORT_H
#include <stdbool.h>

#define WR_HOST_MAX 64
/* The host without its brackets; it may be empty, and is not looked up. Port 0 to 65535. False: not of that form. */
bool wr_host_port(const char *text, char host[WR_HOST_MAX], int *port);

#endif
