/* merchant.h - who may use the merchant API, and what its requests have in common. */
#ifndef ADMISSION_MERCHANT_H
#define ADMISSION_MERCHANT_H
#include "admissiond.h"
#include "change_log.h"
#include "routes.h"
#include <stdbool.h>

/* `Authorization: Bearer <merchant key>`, compared in constant time. False after it answered 401. */
bool merchant_allowed(const struct admissiond *d, struct wr_request *req);
/* Who it is, for an audit row: "merchant@ADDRESS". The key is one for all who have it; the address is what
 * tells them apart. */
void merchant_actor(const struct admissiond *d, const struct wr_request *req, char out[ACTOR_MAX]);
/* The {sale} of the path when it can be one; NULL after it answered 404. */
const char *merchant_sale(struct wr_request *req);
/* Decodes the JSON body. With `optional`, no body leaves `out` as it is. False after it answered 4xx, naming
 * the field. */
bool merchant_body(struct wr_request *req, const struct wr_json_field *fields, bool optional, void *out);

/* Acts on a sale's line: reads which generation it has, then runs one script that names it.
 * build() adds the script's arguments; done() answers the request on success, ended() when the sale has
 * ended and its line was withdrawn. When the line is unknown, closed or does not answer, that is answered
 * here. `op` (from wr_alloc) is freed afterwards, whatever happened. */
struct line_act {
    const struct wr_script *script; /* NULL: reading the line is all; done() gets no reply */
    void (*build)(void *op, struct wr_args *args, const struct line *line);
    void (*done)(struct admissiond *d, struct wr_request *req, void *op, const char *sale,
                 const struct line *line, const struct wr_reply *reply);
    void (*ended)(struct admissiond *d, struct wr_request *req, const char *sale); /* NULL: refused */
};
void act_on_line(struct admissiond *d, struct wr_request *req, const struct line_act *act, void *op);

#endif
