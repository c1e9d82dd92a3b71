/* Any bytes as X-Forwarded-For and as a list of networks: the answer is always an address - the peer's, or
 * one that the header holds. */
#include "client_address.h"
#include "log.h"
#include "mem.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = wr_dup(data, size), out[WR_ADDRESS_LEN];
    uint8_t address[16];
    struct wr_proxies *p;
    wr_log_open(WR_LOG_ERROR + 1, "fuzz"); /* refusals are expected here */
    if (wr_proxies_parse(&p, "127.0.0.0/8, 10.0.0.0/9, ::1, fd00::/8"))
        abort();
    wr_client_address(p, "127.0.0.1", text, out);
    if (inet_pton(AF_INET, out, address) != 1 && inet_pton(AF_INET6, out, address) != 1)
        abort();
    if (strcmp(out, "127.0.0.1") != 0 && !strstr(text, out))
        abort();
    wr_proxies_free(p);
    if (wr_proxies_parse(&p, text) == WR_OK) {
        wr_proxies_trust(p, out);
        wr_proxies_free(p);
    }
    free(text);
    return 0;
}
