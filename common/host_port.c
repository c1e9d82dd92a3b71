#include "host_port.h"
#include "mem.h"
#include <stdlib.h>
#include <string.h>

static bool read_port(const char *text, int *port)
{
    size_t digits = strspn(text, "0123456789");
    if (!digits || digits > 5 || text[digits])
        return false;
    *port = atoi(text);
    return *port <= 65535;
}

bool wr_host_port(const char *text, char host[WR_HOST_MAX], int *port)
{
    const char *colon = strrchr(text, ':');
    if (!colon || !read_port(colon + 1, port))
        return false;
    size_t len = (size_t)(colon - text);
    bool bracketed = len >= 2 && text[0] == '[' && colon[-1] == ']';
    if (bracketed)
        text++, len -= 2;
    return wr_copy_text(host, WR_HOST_MAX, text, len) && bracketed == (strchr(host, ':') != NULL);
}
