/* Any bytes as the head of a request: it ends where its empty line is, is refused with a sentence, or is cut
 * into texts that lie inside it. What is read goes through the route table as a request would. */
#include "http1.h"
#include "mem.h"
#include "route.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void handle(void *ctx, struct wr_request *req)
{
    (void)ctx;
    (void)req;
}
static const struct wr_route routes[] = {
    {"GET", "/", handle, 0, 0},         {"POST", "/v1/sales/{sale}/queue", handle, 0, 10},
    {"GET", "/assets/*", handle, 0, 0}, {"GET", "/a/{b}/{c}/{d}/{e}", handle, 0, 0},
    {"DELETE", "/a/{b}", handle, 0, 0}, {0},
};

static void inside(const char *text, const char *bytes, size_t len)
{
    if (text < bytes || text + strlen(text) >= bytes + len)
        abort();
}

static bool climbs(const char *value)
{
    size_t len = strlen(value);
    return !len || !strcmp(value, "..") || !strncmp(value, "../", 3) || strstr(value, "/../") ||
           (len > 2 && !strcmp(value + len - 3, "/.."));
}

static void find_route(const struct wr_head *head)
{
    const struct wr_route *route;
    char allow[96], *text = wr_alloc(strlen(head->target) + 1 + WR_PARAMS_MAX);
    struct wr_params params = {.text = text};
    if (wr_route_find(routes, head->method, head->target, &route, &params, allow) == WR_OK)
        for (size_t i = 0; i < params.count; i++)
            if (climbs(params.at[i].value))
                abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wr_head head;
    const char *why = NULL;
    wr_head_plausible((const char *)data, size);
    size_t len = wr_head_end((const char *)data, size, 0);
    if (len != wr_head_end((const char *)data, size, len / 2))
        abort();
    if (!len)
        return 0;
    char *bytes = memcpy(malloc(len), data, len); /* exactly its size: one byte further is seen */
    if (wr_head_parse(bytes, len, &head, &why)) {
        if (!why)
            abort();
    } else {
        inside(head.method, bytes, len);
        inside(head.target, bytes, len);
        for (size_t i = 0; i < head.count; i++) {
            inside(head.fields[i].name, bytes, len);
            inside(head.fields[i].value, bytes, len);
        }
        if (head.query)
            inside(head.query, bytes, len);
        if (wr_head_field(&head, "transfer-encoding"))
            abort();
        wr_list_has(wr_head_field(&head, "connection"), "close", true);
        find_route(&head);
    }
    free(bytes);
    return 0;
}
