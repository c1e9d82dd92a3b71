/* open_session.c
 *
 *   POST /v1/session --a secret is there: it stays--> {shopper}
 *                    \--none--> a new one, in a cookie; in the body where the browser keeps no cookie
 *
 * The cookie comes from here and not with the 101, whose HttpOnly cookies some phones do not keep. */
#include "open_session.h"
#include "routes.h"
#include "waitroomd.h"
#include <stdio.h>
#include <string.h>

enum { COOKIE_DAYS = 30 };

static const char *cookie_name(struct wr_http *http)
{
    return wr_http_secure(http) ? "__Host-waitroom"
                                : "waitroom"; /* browsers refuse the prefix on plain http */
}

static bool find_secret(struct wr_http *http, const struct wr_request *req, char out[WR_SECRET_LEN + 1])
{
    char shopper[WR_SHOPPER_LEN + 1];
    const char *header = wr_request_header(req, WR_HEADER_WAITROOM_SECRET);
    if (wr_request_cookie(req, cookie_name(http), out, WR_SECRET_LEN + 1) &&
        wr_shopper_of(out, strlen(out), shopper))
        return true;
    return header && wr_copy_text(out, WR_SECRET_LEN + 1, header, strlen(header)) &&
           wr_shopper_of(out, strlen(out), shopper);
}

bool session_shopper(struct wr_http *http, const struct wr_request *req, char out[WR_SHOPPER_LEN + 1])
{
    char secret[WR_SECRET_LEN + 1];
    return find_secret(http, req, secret) && wr_shopper_of(secret, strlen(secret), out);
}

struct wish {
    bool cookie;
};
static const struct wr_json_field wish_fields[] = {WR_FIELD_BOOL(struct wish, cookie, "cookie", false), {0}};

void open_session(void *ctx, struct wr_request *req)
{
    struct waitroom *w = ctx;
    struct wr_http *http = wr_runtime_http(w->rt);
    struct wish wish = {.cookie = true};
    char secret[WR_SECRET_LEN + 1], shopper[WR_SHOPPER_LEN + 1], cookie[160], why[160];
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
    if (!find_secret(http, req, secret))
        wr_secret_new(secret);
    wr_shopper_of(secret, strlen(secret), shopper);
    struct wr_json *answer = wr_json_build("{s:s}", "shopper", shopper);
    if (!wish.cookie)
        wr_json_set(answer, "secret", wr_json_build("s", secret));
    struct wr_buf text = {0};
    wr_json_render(answer, &text);
    wr_json_free(answer);
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", cookie_name(http),
             secret, COOKIE_DAYS * 86400, wr_http_secure(http) ? "; Secure" : "");
    wr_answer(req, &(struct wr_answer){.body = text.at,
                                       .len = text.len,
                                       .headers = {{"cache-control", "no-store"}, {"set-cookie", cookie}}});
    wr_buf_free(&text);
}
