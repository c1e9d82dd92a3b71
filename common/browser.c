#include "browser.h"
#include <stdio.h>
#include <string.h>

static void write_name(const struct wr_http *http, const char *name, char out[WR_COOKIE_NAME_MAX])
{
    snprintf(out, WR_COOKIE_NAME_MAX, "%s%s", wr_http_secure(http) ? "__Host-" : "", name);
}

bool wr_browser_cookie(const struct wr_http *http, const struct wr_request *req, const char *name, char *out,
                       size_t cap)
{
    char here[WR_COOKIE_NAME_MAX];
    write_name(http, name, here);
    return wr_request_cookie(req, here, out, cap);
}

bool wr_browser_secret(const struct wr_http *http, const struct wr_request *req,
                       char secret[WR_SECRET_LEN + 1], char shopper[WR_SHOPPER_LEN + 1])
{
    const char *header = wr_request_header(req, WR_HEADER_WAITROOM_SECRET);
    if (wr_browser_cookie(http, req, WR_SECRET_COOKIE, secret, WR_SECRET_LEN + 1) &&
        wr_shopper_of(secret, strlen(secret), shopper))
        return true;
    return header && wr_copy_text(secret, WR_SECRET_LEN + 1, header, strlen(header)) &&
           wr_shopper_of(secret, strlen(secret), shopper);
}

bool wr_browser_shopper(const struct wr_http *http, const struct wr_request *req,
                        char shopper[WR_SHOPPER_LEN + 1])
{
    char secret[WR_SECRET_LEN + 1];
    shopper[0] = '\0';
    return wr_browser_secret(http, req, secret, shopper);
}

void wr_cookie_write(const struct wr_http *http, const char *name, const char *value, int max_age_s,
                     char out[WR_COOKIE_MAX])
{
    char here[WR_COOKIE_NAME_MAX], age[32] = "";
    write_name(http, name, here);
    if (max_age_s)
        snprintf(age, sizeof age, " Max-Age=%d;", max_age_s);
    snprintf(out, WR_COOKIE_MAX, "%s=%s; Path=/;%s HttpOnly; SameSite=Lax%s", here, value, age,
             wr_http_secure(http) ? "; Secure" : "");
}
