/* serve_jwks.c - the public keys (RFC 7517). A cache may keep them for a minute: a key that was staged for
 * longer before it is activated signs no token whose key a cache lacks. Nothing here enforces that. */
#include "admissiond.h"
#include "routes.h"

void serve_jwks(void *ctx, struct wr_request *req)
{
    const struct admissiond *d = ctx;
    struct wr_json *jwks = wr_keyring_jwks(d->ring);
    struct wr_buf body = {0};
    wr_json_render(jwks, &body);
    wr_json_free(jwks);
    wr_answer(req,
              &(struct wr_answer){
                  .content_type = "application/json",
                  .body = body.at,
                  .len = body.len,
                  .headers = {{"cache-control", "public, max-age=60"}},
              });
    wr_buf_free(&body);
}
