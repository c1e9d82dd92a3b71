/* dispatch.c - what happens with a request, decided by its head: which route, whether this origin, method,
 * size and type may, preflight (CORS), and the upgrade to a WebSocket. */
#include "http_private.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char allowed_headers[] =
    "authorization, content-type, idempotency-key, idempotency-retry, waitroom-secret";

static bool refuse(struct wr_request *req, enum wr_err err, const char *detail)
{
    wr_answer_problem(req, err, detail, 0);
    return false;
}

/* ---- upgrade ---- */

static const struct wr_socket_route *find_socket_route(struct wr_request *req)
{
    for (const struct wr_socket_route *r = req->http->config.socket_routes; r && r->path; r++)
        if (wr_path_match(r->path, req->head.target, &req->params))
            return r;
    return NULL;
}

/* 16 random bytes in base64 (RFC 6455, 4.1). */
static bool key_valid(const char *key)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key && strlen(key) == 24 && strspn(key, digits) == 22 && !strcmp(key + 22, "==");
}

static enum wr_err check_upgrade(const struct wr_request *req, const struct wr_socket_route *route,
                                 const char **why)
{
    const struct wr_head *head = &req->head;
    const char *version = wr_head_field(head, "sec-websocket-version");
    const char *offered = wr_head_field(head, "sec-websocket-protocol");
    if (strcmp(head->method, "GET") != 0)
        return WR_ERR_METHOD;
    if (!version || strcmp(version, "13") != 0 || !wr_list_has(offered, route->protocol, false))
        return WR_ERR_UPGRADE;
    *why = "The opening handshake is not that of RFC 6455.";
    if (head->http_1_0 || head->content_length)
        return WR_ERR_MALFORMED;
    if (!key_valid(wr_head_field(head, "sec-websocket-key")))
        return WR_ERR_MALFORMED;
    *why = NULL;
    if (!req->origin)
        return WR_ERR_ORIGIN;
    return req->http->listener ? WR_OK : WR_ERR_DRAINING;
}

static bool upgrade(struct wr_request *req, const struct wr_socket_route *route)
{
    const char *why = NULL;
    if (wr_conn_abandoned(req->conn)) { /* in a storm many have given up before their turn comes */
        wr_conn_drop(req->conn);
        return false;
    }
    enum wr_err err = check_upgrade(req, route, &why);
    if (!err && wr_conn_has_more(req->conn)) { /* frames before the 101, which are no request either */
        err = WR_ERR_MALFORMED;
        req->close = true;
    }
    if (err == WR_ERR_METHOD)
        strcpy(req->allow, "GET");
    if (err)
        return refuse(req, err, why);
    struct wr_socket *s = wr_ws_socket(req->http, route);
    if (route->on_upgrade)
        err = route->on_upgrade(req->http->config.ctx, req, wr_ws_session(s));
    if (err) {
        wr_ws_discard(s);
        return refuse(req, err, NULL);
    }
    int fd = wr_conn_release(req->conn);
    wr_ws_adopt(s, fd, wr_head_field(&req->head, "sec-websocket-key"));
    wr_request_free(req);
    return false;
}

/* ---- requests ---- */

static bool preflight(struct wr_request *req)
{
    if (!wr_head_field(&req->head, "origin")) {
        wr_answer(req, &(struct wr_answer){.status = 204, .headers = {{"allow", req->allow}}});
        return false;
    }
    if (!req->origin)
        return refuse(req, WR_ERR_ORIGIN, NULL);
    wr_answer(req, &(struct wr_answer){.status = 204,
                                       .headers = {{"access-control-allow-methods", req->allow},
                                                   {"access-control-allow-headers", allowed_headers},
                                                   {"access-control-max-age", "600"}}});
    return false;
}

static enum wr_err check_origin(const struct wr_request *req)
{
    if (!(req->route->flags & WR_ROUTE_ORIGIN) || req->origin)
        return WR_OK;
    bool named = wr_head_field(&req->head, "origin") != NULL;
    return !named && (req->route->flags & WR_ROUTE_NO_BROWSER) ? WR_OK : WR_ERR_ORIGIN;
}

static bool type_is(const char *type, const char *wanted)
{
    size_t len = strcspn(type, "; \t");
    return len == strlen(wanted) && !strncasecmp(type, wanted, len);
}

static enum wr_err check_body(const struct wr_request *req)
{
    size_t length = req->head.content_length;
    if (length > req->route->body_max)
        return WR_ERR_TOO_LARGE;
    const char *type = wr_head_field(&req->head, "content-type");
    if (!length || (req->route->flags & WR_ROUTE_ANY_BODY) || (type && type_is(type, "application/json")))
        return WR_OK;
    if ((req->route->flags & WR_ROUTE_FORM) && type && type_is(type, "application/x-www-form-urlencoded"))
        return WR_OK;
    return WR_ERR_MEDIA_TYPE;
}

/* Whose page it is, which refusals say too; and room for the path's parameters. */
static void prepare(struct wr_request *req)
{
    const char *origin = wr_head_field(&req->head, "origin");
    if (wr_origins_allow(req->http->origins, origin))
        req->origin = origin;
    req->params_text = wr_alloc(strlen(req->head.target) + 1 + WR_PARAMS_MAX);
    req->params.text = req->params_text;
}

static bool wants_websocket(const struct wr_head *head)
{
    return head->upgrades && wr_list_has(wr_head_field(head, "upgrade"), "websocket", true);
}

/* Whether the route that was found takes this request. */
static enum wr_err check(const struct wr_request *req)
{
    enum wr_err err = check_origin(req);
    return err ? err : check_body(req);
}

bool wr_dispatch_head(struct wr_request *req)
{
    const struct wr_head *head = &req->head;
    prepare(req);
    if (strlen(head->target) > WR_PATH_MAX)
        return refuse(req, WR_ERR_MALFORMED, "The path is too long.");
    const struct wr_socket_route *socket_route = find_socket_route(req);
    if (socket_route && wants_websocket(head))
        return upgrade(req, socket_route);
    enum wr_err err = wr_route_find(req->http->config.routes, head->method, head->target, &req->route,
                                    &req->params, req->allow);
    if (err == WR_ERR_METHOD && !strcmp(head->method, "OPTIONS"))
        return preflight(req);
    if (err && socket_route && !strcmp(head->method, "GET"))
        err = WR_ERR_UPGRADE;
    if (!err)
        err = check(req);
    return err ? refuse(req, err, NULL) : true;
}

void wr_dispatch(struct wr_request *req)
{
    req->route->handle(req->http->config.ctx, req);
}
