/* serve_page.c
 *
 *   start: index.html, assets/NAME, and their .br and .gz --> memory, with an ETag each
 *   GET /s/{sale}, /assets/NAME --If-None-Match--> 304, or the smallest form the browser takes
 *
 * The page is the same bytes for every sale and shopper; asset names carry a hash of their content and never change. */
#include "serve_page.h"
#include "crypto.h"
#include "file.h"
#include "log.h"
#include "metrics.h"
#include "room.h"
#include "routes.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20, FILES_MAX = 500 };
enum coding { CODING_BR, CODING_GZIP, CODING_NONE, CODING_COUNT };
static const struct {
    const char *name, *ending;
} codings[CODING_COUNT] = {{"br", ".br"}, {"gzip", ".gz"}, {NULL, ""}};

struct page {
    char *name; /* "index.html", "shopper-XYZ.js" */
    const char *type;
    struct wr_buf forms[CODING_COUNT]; /* empty: there is none */
    char etag[20];
};
struct pages {
    struct page *at;
    size_t count;
};

/* ---- reading ---- */
static const char *type_of(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".woff2", "font/woff2"},
        {".json", "application/json"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
    };
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++) {
        if (strcmp(ending, types[i][0]) == 0)
            return types[i][1];
    }
    return "application/octet-stream";
}

static enum wr_err read_page(struct pages *pages, const char *folder, const char *name)
{
    struct page page = {.type = type_of(name)};
    uint8_t digest[32];
    char hex[17];
    for (int i = CODING_COUNT - 1; i >= 0; i--) {
        struct wr_buf path = {0};
        wr_buf_printf(&path, "%s/%s%s", folder, name, codings[i].ending);
        enum wr_err err =
            access(path.at, R_OK) == 0 ? wr_file_read(&page.forms[i], path.at, FILE_MAX) : WR_ERR_NOT_FOUND;
        if (err && i == CODING_NONE)
            wr_error("static file cannot be read", "file=\"%s\" what=%s", path.at, wr_err_slug(err));
        wr_buf_free(&path);
        if (err && i == CODING_NONE)
            return err;
    }
    wr_sha256(page.forms[CODING_NONE].at, page.forms[CODING_NONE].len, digest);
    wr_hex(digest, 8, hex);
    snprintf(page.etag, sizeof page.etag, "\"%s\"", hex);
    page.name = wr_strdup(name);
    pages->at = wr_realloc(pages->at, (pages->count + 1) * sizeof *pages->at);
    pages->at[pages->count++] = page;
    return WR_OK;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), e = strlen(ending);
    return n > e && strcmp(name + n - e, ending) == 0;
}

static enum wr_err read_assets(struct pages *pages, const char *folder)
{
    DIR *dir = opendir(folder);
    enum wr_err err = WR_OK;
    if (!dir)
        return WR_OK; /* a page may need none */
    for (struct dirent *entry; !err && (entry = readdir(dir)) != NULL && pages->count < FILES_MAX;) {
        const char *name = entry->d_name;
        if (name[0] != '.' && !ends_with(name, ".br") && !ends_with(name, ".gz"))
            err = read_page(pages, folder, name);
    }
    closedir(dir);
    return err;
}

enum wr_err pages_open(struct pages **out, const char *folder)
{
    struct pages *pages = wr_alloc(sizeof *pages);
    struct wr_buf assets = {0};
    wr_buf_printf(&assets, "%s/assets", folder);
    enum wr_err err = read_page(pages, folder, "index.html");
    if (!err)
        err = read_assets(pages, assets.at);
    wr_buf_free(&assets);
    if (err) {
        pages_close(pages);
        pages = NULL;
    }
    *out = pages;
    return err;
}

void pages_close(struct pages *pages)
{
    if (!pages)
        return;
    for (size_t i = 0; i < pages->count; i++) {
        free(pages->at[i].name);
        for (int c = 0; c < CODING_COUNT; c++)
            wr_buf_free(&pages->at[i].forms[c]);
    }
    free(pages->at);
    free(pages);
}

/* ---- serving ---- */
/* Whether `accept` (RFC 9110, 12.5.3) names the coding without refusing it. */
static bool accepts(const char *accept, const char *coding)
{
    size_t len = strlen(coding);
    for (const char *at = accept; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        at += strspn(at, " \t");
        if (strncasecmp(at, coding, len) != 0 || (at[len] && !strchr(" \t;,", at[len])))
            continue;
        const char *end = at + strcspn(at, ","), *q = strstr(at, "q=");
        return !q || q > end || strtod(q + 2, NULL) > 0;
    }
    return false;
}

static void serve(struct wr_request *req, const struct page *page, int status, const char *caching)
{
    const char *known = wr_request_header(req, WR_HEADER_IF_NONE_MATCH);
    const char *accept = wr_request_header(req, WR_HEADER_ACCEPT_ENCODING);
    enum coding c = CODING_BR;
    while (c < CODING_NONE && (!page->forms[c].len || !accepts(accept, codings[c].name)))
        c++;
    if (status == 200 && known && strstr(known, page->etag))
        status = 304;
    wr_answer(req,
              &(struct wr_answer){.status = status,
                                  .content_type = page->type,
                                  .body = status == 304 ? NULL : page->forms[c].at,
                                  .len = status == 304 ? 0 : page->forms[c].len,
                                  .headers = {{"cache-control", caching},
                                              {"etag", page->etag},
                                              {"vary", "accept-encoding"},
                                              {"content-security-policy", "frame-ancestors 'self'"},
                                              {codings[c].name && status != 304 ? "content-encoding" : NULL,
                                               codings[c].name}}});
}

void serve_page(void *ctx, struct wr_request *req)
{
    struct waitroom *w = ctx;
    bool known = room_find(w, wr_request_param(req, "sale")) != NULL;
    if (!known)
        wr_metrics_refusal(WR_ERR_UNKNOWN_SALE);
    /* The page says itself that there is no such sale; no cache may when there is one. */
    serve(req, &w->pages->at[0], known ? 200 : 404, known ? "public, max-age=60" : "no-store");
}

void serve_asset(void *ctx, struct wr_request *req)
{
    struct waitroom *w = ctx;
    const char *name = wr_request_param(req, "rest");
    for (size_t i = 1; i < w->pages->count; i++) {
        if (strcmp(w->pages->at[i].name, name) == 0) {
            serve(req, &w->pages->at[i], 200, "public, max-age=31536000, immutable");
            return;
        }
    }
    wr_answer_problem(req, WR_ERR_NOT_FOUND, NULL, 0);
}
