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

static bool all_upper(const char *text)
{
    while (is_upper(*text))
        text++;
    return !*text;
}

/* Visible ASCII: nothing that a path or a query would have to escape. */
static bool all_visible(const char *text)
{
    while (*text > ' ' && *text <= '~')
        text++;
    return !*text;
}

static const char *parse_version(const char *version, struct wr_head *out)
{
    out->http_1_0 = !strcmp(version, "HTTP/1.0");
    out->keep_alive = !out->http_1_0;
    return out->http_1_0 || !strcmp(version, "HTTP/1.1") ? NULL : "This server speaks HTTP/1.1.";
}

static const char *parse_target(char *target, struct wr_head *out)
{
    if (!all_visible(target))
        return "The target holds characters that must be escaped.";
    if (strcmp(out->method, "CONNECT") != 0)
        target = origin_form(target);
    if (!target || !*target)
        return "The target is not a path.";
    char *query = strpbrk(target, "?#");
    if (query && *query == '?')
        out->query = query + 1;
    if (query)
        *query = 0;
    out->target = target;
    return NULL;
}

static const char *parse_request_line(char *line, struct wr_head *out)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || target == line)
        return "The request line is not method, target and version.";
    *target++ = 0;
    *version++ = 0;
    if (!all_upper(line))
        return "The method is not one.";
    out->method = line;
    const char *why = parse_version(version, out);
    return why ? why : parse_target(target, out);
}

/* The name becomes lower case; where it ends. */
static char *lower_name(char *name)
{
    for (; is_token_char(*name); name++)
        if (is_upper(*name))
            *name = (char)(*name | 0x20);
    return name;
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        text[--len] = 0;
    return text;
}

static bool has_controls(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 127)
            return true;
    return false;
}

static const char *parse_field(char *line, struct wr_head *out)
{
    char *colon = lower_name(line);
    if (*colon != ':' || colon == line)
        return "A header line is not name and value.";
    if (out->count == WR_FIELDS_MAX)
        return "There are too many headers.";
    *colon = 0;
    char *value = trim(colon + 1);
    if (has_controls(value))
        return "A header value holds control characters.";
    out->fields[out->count++] = (struct wr_head_field){line, value};
    return NULL;
}

/* ---- what the headers mean for reading on: length, connection, expectation ---- */

struct reading {
    struct wr_head *head;
    int hosts, lengths;
    bool upgrade, wants_upgrade;
};

static const char *apply_host(struct reading *r, const char *value)
{
    (void)value;
    r->hosts++;
    return NULL;
}

static const char *apply_length(struct reading *r, const char *value)
{
    size_t digits = strspn(value, "0123456789");
    if (r->lengths++)
        return "Content-Length comes twice.";
    if (!digits || value[digits] || digits > 10)
        return "Content-Length is not a number.";
    for (const char *c = value; *c; c++)
        r->head->content_length = r->head->content_length * 10 + (size_t)(*c - '0');
    return NULL;
}

static const char *apply_encoding(struct reading *r, const char *value)
{
    (void)r, (void)value;
    return "Transfer-Encoding is not accepted: send Content-Length.";
}

static const char *apply_expect(struct reading *r, const char *value)
{
    r->head->expects_continue = !strcasecmp(value, "100-continue");
    return NULL;
}

static const char *apply_upgrade(struct reading *r, const char *value)
{
    (void)value;
    r->upgrade = true;
    return NULL;
}

static const char *apply_connection(struct reading *r, const char *value)
{
    if (wr_list_has(value, "close", true))
        r->head->keep_alive = false;
    r->wants_upgrade |= wr_list_has(value, "upgrade", true);
    return NULL;
}

static const struct {
    const char *name;
    const char *(*apply)(struct reading *r, const char *value);
} meanings[] = {
    {"host", apply_host},     {"content-length", apply_length}, {"transfer-encoding", apply_encoding},
    {"expect", apply_expect}, {"upgrade", apply_upgrade},       {"connection", apply_connection},
};

static const char *apply_field(struct reading *r, const struct wr_head_field *field)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (!strcmp(field->name, meanings[i].name))
            return meanings[i].apply(r, field->value);
    return NULL;
}

static const char *apply_fields(struct wr_head *out)
{
    struct reading r = {.head = out};
    const char *why = NULL;
    for (size_t i = 0; i < out->count && !why; i++)
        why = apply_field(&r, &out->fields[i]);
    out->upgrades = r.upgrade && r.wants_upgrade;
    if (!why && r.hosts != 1 && (r.hosts || !out->http_1_0))
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
