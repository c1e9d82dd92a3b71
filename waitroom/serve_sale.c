/* serve_sale.c - GET /v1/sales/{sale}: the published document and what is true of it now, the same for all
 * and cacheable a few seconds; and GET /v1/time. */
#include "clock.h"
#include "crypto.h"
#include "json.h"
#include "room.h"
#include "routes.h"
#include <stdio.h>
#include <string.h>

static void render_document(struct room *room, const struct wr_sale *sale)
{
    struct wr_json *v;
    uint8_t digest[32];
    char hex[17];
    if (wr_json_parse(&v, sale->document, sale->document_len, NULL))
        return; /* wr_sales publishes none that does not parse */
    wr_json_set(v, "phase", wr_json_build("s", wr_phase_name(sale->phase)));
    wr_json_set(v, "mode", wr_json_build("s", wr_mode_name(sale->mode)));
    wr_json_set(v, "message", wr_json_bytes(sale->message, strlen(sale->message)));
    wr_json_set(v, "remaining", wr_json_build(sale->left < 0 ? "n" : "I", sale->left));
    wr_buf_clear(&room->document);
    wr_json_render(v, &room->document);
    wr_json_free(v);
    wr_sha256(room->document.at, room->document.len, digest);
    wr_hex(digest, 8, hex);
    snprintf(room->etag, sizeof room->etag, "\"%s\"", hex);
}

void serve_sale(void *ctx, struct wr_request *req)
{
    struct waitroom *w = ctx;
    const char *id = wr_request_param(req, "sale"), *known = wr_request_header(req, WR_HEADER_IF_NONE_MATCH);
    struct room *room = room_find(w, id);
    const struct wr_sale *sale = room ? wr_sales_find(w->sales, id) : NULL;
    if (!sale) {
        wr_answer_problem(req, wr_sales_missing(w->sales), NULL, 0);
        return;
    }
    if (!room->document.len)
        render_document(room, sale);
    bool same = known && strstr(known, room->etag);
    wr_answer(req,
              &(struct wr_answer){.status = same ? 304 : 200,
                                  .body = same ? NULL : room->document.at,
                                  .len = same ? 0 : room->document.len,
                                  .headers = {{"cache-control", "public, max-age=2"}, {"etag", room->etag}}});
}

void serve_time(void *ctx, struct wr_request *req)
{
    (void)ctx;
    wr_answer_json(req, 200, wr_json_build("{s:I}", "now", wr_wall_ms()));
}
