/* open_session.c
 *
 *   POST /v1/session --a secret is there: it stays--> {shopper}
 *                    \--none--> a new one, in a cookie; in the body where the browser keeps no cookie
 *
 * The cookie comes from here and not with the 101, whose HttpOnly cookies some phones do not keep. */
#include "browser.h"
#include "routes.h"
#include "waitroomd.h"
#include <stdlib.h>
#include <string.h>

enum { COOKIE_DAYS = 30 };

struct wish {
    bool cookie;
};
static const struct wr_json_field wish_fields[] = {WR_FIELD_BOOL(struct wish, cookie, "cookie", false), {0}};

void open_session(void *ctx, struct wr_request *req)
{
    struct waitroom *w = ctx;
    struct wr_http *http = wr_runtime_http(w->rt);
    struct wish wish = {.cookie = true};
    char secret[WR_SECRET_LEN + 1], shopper[WR_SHOPPER_LEN + 1], cookie[WR_COOKIE_MAX], why[160];
    size_t len = 0;
    wr_request_body(req, &len);
    if (len) {
        struct wr_json *body = wr_request_json(req);
        if (!body)
            return;
        enum wr_err err = wr_json_decode(body, wish_fields, &wish, why);
        wr_json_free(body);
        if (err) {
            wr_answer_problem(req, err, why, 0);
            return;
        }
    }
    if (!wr_browser_secret(http, req, secret, shopper)) {
        wr_secret_new(secret);
        if (!wr_shopper_of(secret, WR_SECRET_LEN, shopper))
            abort();
    }
    /* What came in a cookie is out of the reach of scripts, and stays there. */
    bool by_cookie = wr_browser_cookie(http, req, WR_SECRET_COOKIE, cookie, sizeof cookie) &&
                     strcmp(cookie, secret) == 0;
    struct wr_json *answer = wr_json_build("{s:s}", "shopper", shopper);
    if (!wish.cookie && !by_cookie)
        wr_json_set(answer, "secret", wr_json_build("s", secret));
    wr_cookie_write(http, WR_SECRET_COOKIE, secret, COOKIE_DAYS * 86400, cookie);
    wr_request_set_cookie(req, cookie);
    wr_answer_json(req, 200, answer);
}
