#include "http1.h"
#include <string.h>
#include <strings.h>

static bool is_token_char(char c)
{
    static const char more[] = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(more, c));
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

size_t wr_head_end(const char *bytes, size_t len, size_t seen)
{
    size_t from = seen > 3 ? seen - 3 : 0;
    const char *end = memmem(bytes + from, len - from, "\r\n\r\n", 4);
    return end ? (size_t)(end - bytes) + 4 : 0;
}

bool wr_head_plausible(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && i < 16; i++) {
        if (i && bytes[i] == ' ')
            return true;
        if (!is_upper(bytes[i]))
            return false;
    }
    return true;
}

bool wr_list_has(const char *list, const char *token, bool any_case)
{
    size_t n = strlen(token);
    for (const char *at = list; at && *at;) {
        at += strspn(at, " \t,");
        size_t len = strcspn(at, " \t,");
        if (len == n && !(any_case ? strncasecmp : strncmp)(at, token, n))
            return true;
        at += len;
    }
    return false;
}

const char *wr_head_field(const struct wr_head *head, const char *name)
{
    for (size_t i = 0; i < head->count; i++)
        if (!strcmp(head->fields[i].name, name))
            return head->fields[i].value;
    return NULL;
}

/* Cuts the line that starts at `*at` off at its CRLF and moves `*at` behind it. NULL: not ended by CRLF. */
static char *next_line(char **at, char *end)
{
    char *line = *at;
    char *lf = memchr(line, '\n', (size_t)(end - line));
    if (!lf || lf == line || lf[-1] != '\r')
        return NULL;
    lf[-1] = 0;
    *at = lf + 1;
    return memchr(line, 0, (size_t)(lf - 1 - line)) ? NULL : line;
}

/* "http://host/path" becomes "/path": every server must accept the form that proxies get. */
static char *origin_form(char *target)
{
    size_t scheme = !strncasecmp(target, "http://", 7) ? 7 : !strncasecmp(target, "https://", 8) ? 8 : 0;
    if (!scheme)
        return target;
    return strchr(target + scheme, '/');
}

static const char *parse_request_line(char *line, struct wr_head *out)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || target == line)
        return "The request line is not method, target and version.";
    *target++ = 0;
    *version++ = 0;
    for (const char *c = line; *c; c++)
        if (!is_upper(*c))
            return "The method is not one.";
    out->http_1_0 = !strcmp(version, "HTTP/1.0");
    out->keep_alive = !out->http_1_0;
    if (!out->http_1_0 && strcmp(version, "HTTP/1.1") != 0)
        return "This server speaks HTTP/1.1.";
    for (const char *c = target; *c; c++)
        if (*c <= ' ' || (unsigned char)*c > 126)
            return "The target holds characters that must be escaped.";
    if (strcmp(line, "CONNECT") != 0)
        target = origin_form(target);
    if (!target || !*target)
        return "The target is not a path.";
    char *query = strpbrk(target, "?#");
    if (query && *query == '?')
        out->query = query + 1;
    if (query)
        *query = 0;
    out->method = line;
    out->target = target;
    return NULL;
}

static const char *parse_field(char *line, struct wr_head *out)
{
    char *colon = line;
    for (; is_token_char(*colon); colon++)
        if (is_upper(*colon))
            *colon = (char)(*colon | 0x20);
    if (*colon != ':' || colon == line)
        return "A header line is not name and value.";
    if (out->count == WR_FIELDS_MAX)
        return "There are too many headers.";
    *colon++ = 0;
    colon += strspn(colon, " \t");
    size_t len = strlen(colon);
    while (len && (colon[len - 1] == ' ' || colon[len - 1] == '\t'))
        colon[--len] = 0;
    for (const char *c = colon; *c; c++)
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 127)
            return "A header value holds control characters.";
    out->fields[out->count++] = (struct wr_head_field){line, colon};
    return NULL;
}

static const char *parse_length(const char *value, struct wr_head *out)
{
    size_t digits = strspn(value, "0123456789");
    if (!digits || value[digits] || digits > 10)
        return "Content-Length is not a number.";
    out->content_length = 0;
    for (const char *c = value; *c; c++)
        out->content_length = out->content_length * 10 + (size_t)(*c - '0');
    return NULL;
}

/* What the headers mean for reading on: length, connection, expectation. */
static const char *apply_fields(struct wr_head *out)
{
    int hosts = 0, lengths = 0;
    const char *why = NULL;
    bool upgrade = false, wants_upgrade = false;
    for (size_t i = 0; i < out->count && !why; i++) {
        const char *name = out->fields[i].name, *value = out->fields[i].value;
        if (!strcmp(name, "host")) {
            hosts++;
        } else if (!strcmp(name, "content-length")) {
            why = lengths++ ? "Content-Length comes twice." : parse_length(value, out);
        } else if (!strcmp(name, "transfer-encoding")) {
            why = "Transfer-Encoding is not accepted: send Content-Length.";
        } else if (!strcmp(name, "expect")) {
            out->expects_continue = !strcasecmp(value, "100-continue");
        } else if (!strcmp(name, "upgrade")) {
            upgrade = true;
        } else if (!strcmp(name, "connection")) {
            if (wr_list_has(value, "close", true))
                out->keep_alive = false;
            wants_upgrade |= wr_list_has(value, "upgrade", true);
        }
    }
    out->upgrades = upgrade && wants_upgrade;
    if (!why && hosts != 1 && (hosts || !out->http_1_0))
        why = "There must be one Host header.";
    return why;
}

enum wr_err wr_head_parse(char *bytes, size_t len, struct wr_head *out, const char **why)
{
    char *at = bytes, *end = bytes + len - 2; /* the empty line is known to be there */
    memset(out, 0, sizeof *out);
    out->len = len;
    char *line = next_line(&at, end);
    *why = line ? parse_request_line(line, out) : "Lines end with CR and LF.";
    while (!*why && at < end) {
        line = next_line(&at, end);
        *why = line ? parse_field(line, out) : "Lines end with CR and LF.";
    }
    if (!*why)
        *why = apply_fields(out);
    if (!*why)
        return WR_OK;
    return out->count == WR_FIELDS_MAX ? WR_ERR_HEADERS : WR_ERR_MALFORMED;
}
