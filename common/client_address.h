/* client_address.h - who the client is, when proxies stand between: X-Forwarded-For, believed only as far as
 * each hop that reports it is one of ours. Read from right to left: the first address that is not a trusted
 * proxy is the client. */
#ifndef WR_CLIENT_ADDRESS_H
#define WR_CLIENT_ADDRESS_H
#include "err.h"
#include <stdbool.h>

#define WR_ADDRESS_LEN 46 /* numeric IPv4 or IPv6 text with its NUL */

struct wr_proxies; /* the trusted networks */
/* "127.0.0.0/8, ::1, 10.0.0.0/8"; NULL or "" trusts nobody. WR_ERR_INVALID (logged) names the part that is no
 * network. */
enum wr_err wr_proxies_parse(struct wr_proxies **out, const char *list) WR_MUST_CHECK;
void wr_proxies_free(struct wr_proxies *p);
bool wr_proxies_trust(const struct wr_proxies *p, const char *address);
/* `forwarded`: the header's value or NULL. An entry that is no address ends the reading: what its reporter
 * said counts. */
void wr_client_address(const struct wr_proxies *p, const char *peer, const char *forwarded,
                       char out[WR_ADDRESS_LEN]);

#endif
