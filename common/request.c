/* request.c - what a handler sees of a request, and its answers. */
#include "form.h"
#include "http_private.h"
#include "log.h"
#include "metrics.h"
#include "problem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const header_names[WR_HEADER_COUNT] = {
    [WR_HEADER_AUTHORIZATION] = "authorization",
    [WR_HEADER_IF_NONE_MATCH] = "if-none-match",
    [WR_HEADER_ACCEPT_ENCODING] = "accept-encoding",
    [WR_HEADER_IDEMPOTENCY_KEY] = "idempotency-key",
    [WR_HEADER_IDEMPOTENCY_RETRY] = "idempotency-retry",
    [WR_HEADER_WAITROOM_SECRET] = "waitroom-secret",
    [WR_HEADER_STRIPE_SIGNATURE] = "stripe-signature",
};

void wr_request_free(struct wr_request *req)
{
    if (!req)
        return;
    while (req->texts) {
        struct wr_request_text *next = req->texts->next;
        free(req->texts);
        req->texts = next;
    }
    free(req->bytes);
    free(req->params_text);
    free(req->body);
    free(req->set_cookie);
    free(req);
}

const char *wr_request_method(const struct wr_request *req)
{
    return req->head.method;
}

const char *wr_request_param(const struct wr_request *req, const char *name)
{
    for (size_t i = 0; i < req->params.count; i++)
        if (!strcmp(req->params.at[i].name, name))
            return req->params.at[i].value;
    return NULL;
}

const char *wr_request_header(const struct wr_request *req, enum wr_header h)
{
    return wr_head_field(&req->head, header_names[h]);
}

/* Finds and keeps a decoded value: the request is const to its readers, the store of texts is not part of
 * what it is. */
static const char *find_text(const struct wr_request *req, const char *form, size_t len, const char *name)
{
    struct wr_request_text *t = wr_alloc(sizeof *t + len + 1);
    if (!wr_form_find(form, len, name, t->text, len + 1)) {
        free(t);
        return NULL;
    }
    struct wr_request *owner = (struct wr_request *)(uintptr_t)req;
    t->next = owner->texts;
    owner->texts = t;
    return t->text;
}

const char *wr_request_query(const struct wr_request *req, const char *name)
{
    const char *query = req->head.query;
    return query ? find_text(req, query, strlen(query), name) : NULL;
}

const char *wr_request_body(const struct wr_request *req, size_t *len)
{
    *len = req->body_len;
    return req->body ? req->body : "";
}

const char *wr_request_form(const struct wr_request *req, const char *name)
{
    return req->body_len ? find_text(req, req->body, req->body_len, name) : NULL;
}

/* Each proxy may add to the last line or add a line of its own: together, in their order, they are one list
 * (RFC 9110, 5.3). The first line alone may be the client's own. */
static void forwarded(const struct wr_head *head, struct wr_buf *out)
{
    for (size_t i = 0; i < head->count; i++) {
        if (strcmp(head->fields[i].name, "x-forwarded-for") != 0)
            continue;
        if (out->len)
            wr_buf_text(out, ", ");
        wr_buf_text(out, head->fields[i].value);
    }
}

void wr_request_client(const struct wr_request *req, const struct wr_proxies *trusted,
                       char out[WR_ADDRESS_LEN])
{
    struct wr_buf list = {0};
    forwarded(&req->head, &list);
    wr_client_address(trusted, req->client, list.at, out);
    wr_buf_free(&list);
}

const char *wr_request_credential(const struct wr_request *req, const char *scheme)
{
    const char *given = wr_request_header(req, WR_HEADER_AUTHORIZATION);
    size_t len = strlen(scheme);
    return given && strncasecmp(given, scheme, len) == 0 && given[len] == ' ' ? given + len + 1 : NULL;
}

static bool cookie_in(const char *list, const char *name, char *out, size_t cap)
{
    size_t n = strlen(name);
    while (*list) {
        list += strspn(list, "; \t");
        size_t len = strcspn(list, ";");
        if (len > n && list[n] == '=' && !memcmp(list, name, n)) {
            size_t value = len - n - 1;
            while (value && (list[n + value] == ' ' || list[n + value] == '\t'))
                value--;
            return wr_copy_text(out, cap, list + n + 1, value);
        }
        list += len;
    }
    return false;
}

bool wr_request_cookie(const struct wr_request *req, const char *name, char *out, size_t cap)
{
    for (size_t i = 0; i < req->head.count; i++)
        if (!strcmp(req->head.fields[i].name, "cookie") &&
            cookie_in(req->head.fields[i].value, name, out, cap))
            return true;
    if (cap)
        *out = 0;
    return false;
}

struct wr_json *wr_request_json(struct wr_request *req)
{
    struct wr_json *v;
    char why[160];
    size_t len;
    const char *body = wr_request_body(req, &len);
    if (body[strspn(body, " \t\r\n")] != '{') {
        wr_answer_problem(req, WR_ERR_MALFORMED, "The body must be one JSON object.", 0);
        return NULL;
    }
    enum wr_err err = wr_json_parse(&v, body, len, why);
    if (err) {
        wr_answer_problem(req, err, why, 0);
        return NULL;
    }
    return v;
}

/* ---- answers ---- */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Other";
}

static void add_header(struct wr_buf *b, const char *name, const char *value)
{
    /* A line break in a value would let whoever shaped it write headers of their own. */
    if (strpbrk(value, "\r\n")) {
        wr_error("header with a line break left out", "name=%s", name);
        return;
    }
    wr_buf_text(b, name);
    wr_buf_add(b, ": ", 2);
    wr_buf_text(b, value);
    wr_buf_add(b, "\r\n", 2);
}

static void add_cors(struct wr_buf *b, const struct wr_request *req)
{
    if (req->route && req->route->flags & WR_ROUTE_PUBLIC) {
        add_header(b, "access-control-allow-origin", "*");
        return;
    }
    wr_buf_text(b, "vary: origin\r\n");
    if (!req->origin)
        return;
    add_header(b, "access-control-allow-origin", req->origin);
    wr_buf_text(b, "access-control-allow-credentials: true\r\n"
                   "access-control-expose-headers: etag, location, retry-after\r\n");
}

static void build_head(struct wr_buf *b, struct wr_request *req, const struct wr_answer *a, int status,
                       bool keep_alive)
{
    wr_buf_printf(b, "HTTP/1.1 %d %s\r\ndate: %s\r\n", status, reason(status), wr_http_date(req->http));
    if (a->len)
        add_header(b, "content-type", a->content_type ? a->content_type : "application/json");
    if (status != 204 && status != 304)
        wr_buf_printf(b, "content-length: %zu\r\n", a->len);
    if (!keep_alive)
        wr_buf_text(b, "connection: close\r\n");
    else if (status == 426)
        wr_buf_text(b, "connection: upgrade\r\n");
    wr_buf_text(b, "x-content-type-options: nosniff\r\nreferrer-policy: same-origin\r\n");
    add_cors(b, req);
    if (req->set_cookie)
        add_header(b, "set-cookie", req->set_cookie);
    for (size_t i = 0; i < 8 && a->headers[i][0]; i++)
        add_header(b, a->headers[i][0], a->headers[i][1]);
    wr_buf_add(b, "\r\n", 2);
}

void wr_request_set_cookie(struct wr_request *req, const char *set_cookie)
{
    free(req->set_cookie);
    req->set_cookie = wr_dup(set_cookie, strlen(set_cookie));
}

void wr_answer(struct wr_request *req, const struct wr_answer *answer)
{
    int status = answer->status ? answer->status : 200;
    struct wr_conn *conn = req->conn;
    /* Answered by its head alone: a body that is still on its way cannot be told from the next request any more. */
    req->close |= req->body_len < req->head.content_length;
    if (conn) {
        struct wr_buf head = {0};
        bool keep_alive = !req->close && req->http->listener && req->head.keep_alive;
        bool bodiless = !strcmp(req->head.method, "HEAD") || status == 204 || status == 304;
        build_head(&head, req, answer, status, keep_alive);
        wr_conn_answer(conn, &head, answer->body, bodiless ? 0 : answer->len, keep_alive);
        wr_buf_free(&head);
    }
    wr_request_free(req);
}

void wr_answer_json(struct wr_request *req, int status, struct wr_json *owned)
{
    struct wr_buf body = {0};
    wr_json_render(owned, &body);
    wr_json_free(owned);
    wr_answer(req, &(struct wr_answer){.status = status,
                                       .body = body.at,
                                       .len = body.len,
                                       .headers = {{"cache-control", "no-store"}}});
    wr_buf_free(&body);
}

void wr_answer_problem(struct wr_request *req, enum wr_err err, const char *detail, int retry_s)
{
    wr_answer_problem_json(req, err, wr_problem_json(err, detail), retry_s);
}

void wr_answer_problem_json(struct wr_request *req, enum wr_err err, struct wr_json *owned, int retry_s)
{
    struct wr_buf body = {0};
    char retry[12];
    struct wr_answer a = {.status = wr_err_status(err), .content_type = "application/problem+json"};
    const char *(*next)[2] = a.headers;
    wr_json_render(owned, &body);
    wr_json_free(owned);
    a.body = body.at;
    a.len = body.len;
    (*next)[0] = "cache-control", (*next++)[1] = "no-store";
    if (!retry_s)
        retry_s = wr_err_retry_s(err);
    if (retry_s) {
        snprintf(retry, sizeof retry, "%d", retry_s);
        (*next)[0] = "retry-after", (*next++)[1] = retry;
    }
    if (a.status == 401)
        (*next)[0] = "www-authenticate", (*next++)[1] = "Bearer";
    if (a.status == 405)
        (*next)[0] = "allow", (*next++)[1] = req->allow;
    if (a.status == 426) {
        (*next)[0] = "upgrade", (*next++)[1] = "websocket";
        (*next)[0] = "sec-websocket-version", (*next++)[1] = "13";
    }
    if (req->conn)
        wr_metrics_refusal(err);
    wr_answer(req, &a);
    wr_buf_free(&body);
}
