/* browser.h - who a browser is: the secret that it brings in its cookie, or in the header Waitroom-Secret where it
 * keeps no cookie; and the cookies we give it. */
#ifndef WR_BROWSER_H
#define WR_BROWSER_H
#include "http.h"
#include "id.h"

#define WR_COOKIE_NAME_MAX 40
#define WR_COOKIE_MAX 200 /* of what Set-Cookie says */
#define WR_SECRET_COOKIE "waitroom"

/* The secret that counts, and whose it is: the cookie first, then the header; false when neither is a secret. */
bool wr_browser_secret(const struct wr_http *http, const struct wr_request *req,
                       char secret[WR_SECRET_LEN + 1], char shopper[WR_SHOPPER_LEN + 1]);
/* The shopper alone; "" when it is false. */
bool wr_browser_shopper(const struct wr_http *http, const struct wr_request *req,
                        char shopper[WR_SHOPPER_LEN + 1]);

/* The cookie of that name of ours, under the name that it has here: with the prefix __Host- where the public
 * origin is https, for browsers take that from Secure cookies only. False: absent or too long. */
bool wr_browser_cookie(const struct wr_http *http, const struct wr_request *req, const char *name, char *out,
                       size_t cap);
/* Set-Cookie for it, out of reach of scripts. `max_age_s` 0: until the browser ends. */
void wr_cookie_write(const struct wr_http *http, const char *name, const char *value, int max_age_s,
                     char out[WR_COOKIE_MAX]);

#endif
