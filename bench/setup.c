#include "setup.h"
#include "clock.h"
#include "http_wire.h"
#include "json.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_MAX 262144
#define LIVE_S 15 /* a sale made here is live by then, and any sale known to all */

/* ---- one blocking request ---- */
static int dial(const struct target *target)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)&target->address, sizeof target->address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The status, 0 when there was no answer. The body, JSON or not, is put into `out` (may be NULL). */
static int ask(const struct stage *stage, const struct target *target, const char *method, const char *path,
               const struct wr_json *body, struct wr_buf *out)
{
    static char bytes[ANSWER_MAX];
    char headers[300] = "";
    struct wr_buf text = {0}, send_text = {0};
    struct http_request request = {
        .method = method, .path = path, .host = target->host, .origin = stage->origin, .headers = headers};
    if (stage->options->merchant_key && strncmp(path, "/v1/admin/", 10) == 0)
        snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", stage->options->merchant_key);
    if (body) {
        wr_json_render(body, &text);
        request.content_type = "application/json";
        request.body = text.at;
    }
    size_t cap = 2048 + text.len, got = 0;
    send_text.at = wr_alloc(cap);
    size_t len = http_write(&request, send_text.at, cap);
    int fd = dial(target), status = 0;
    if (fd >= 0 && send(fd, send_text.at, len, MSG_NOSIGNAL) == (ssize_t)len) {
        struct http_answer answer;
        long taken = 0;
        for (ssize_t n; !taken && (n = recv(fd, bytes + got, sizeof bytes - got, 0)) > 0;) {
            got += (size_t)n;
            taken = http_read(bytes, got, &answer);
        }
        if (taken > 0) {
            status = answer.status;
            if (out)
                wr_buf_add(out, answer.body, answer.body_len);
        }
    }
    if (fd >= 0)
        close(fd);
    wr_buf_free(&text);
    wr_buf_free(&send_text);
    return status;
}

/* ---- where ---- */
static bool one_target(struct target *out, const char *text)
{
    if (target_parse(out, text, NULL))
        return true;
    fprintf(stderr, "stampede: %s is no host and port to be reached in plain HTTP\n", text);
    return false;
}

static bool find_lines(struct stage *stage, const char *list)
{
    char text[2048];
    if (!wr_copy_text(text, sizeof text, list, strlen(list)))
        return false;
    char *rest = text;
    for (char *one; (one = strsep(&rest, ","));) {
        if (stage->lines == TARGETS_MAX / 2) {
            fprintf(stderr, "stampede: more than %d workers in --direct\n", TARGETS_MAX / 2);
            return false;
        }
        if (!one_target(&stage->line[stage->lines++], one))
            return false;
    }
    return true;
}

static bool find_sources(struct stage *stage, const char *range)
{
    int first, last, end = 0;
    if (!range)
        return true;
    if (sscanf(range, "%d-%d%n", &first, &last, &end) != 2 || range[end] || first < 1 || last < first ||
        last > 254) {
        fprintf(stderr, "stampede: --source-addresses wants A-B between 1 and 254, not \"%s\"\n", range);
        return false;
    }
    stage->source_first = (uint8_t)first;
    stage->source_last = (uint8_t)last;
    return true;
}

static bool find_places(struct stage *stage, struct target *public)
{
    const struct options *o = stage->options;
    if (!one_target(public, o->url))
        return false;
    snprintf(stage->origin, sizeof stage->origin, "http://%s", public->host);
    stage->cookie = "waitroom"; /* on https it would be __Host-waitroom, but there is no TLS here */
    stage->checkout = *public;
    if (o->direct_checkout && !one_target(&stage->checkout, o->direct_checkout))
        return false;
    return find_lines(stage, o->direct ? o->direct : o->url) && find_sources(stage, o->sources);
}

/* ---- the sale ---- */
static bool refused(const char *what, int status, struct wr_buf *answer)
{
    fprintf(stderr, "stampede: %s: %d %s\n", what, status, status && answer->at ? answer->at : "(no answer)");
    wr_buf_free(answer);
    return false;
}

static bool make_sale(struct stage *stage, const struct target *public)
{
    const struct options *o = stage->options;
    struct wr_buf answer = {0};
    int64_t now = wr_wall_ms();
    snprintf(stage->sale, sizeof stage->sale, "stampede-%lld", (long long)now);
    struct wr_json *sale = wr_json_build(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:[{s:s, s:s, s:i, s:I}]}", "id", stage->sale, "title",
        "Stampede", "currency", "EUR", "starts_at", now, "ends_at", now + 86400000, "rate_per_minute",
        o->rate_per_minute, "burst_ms", o->burst_ms, "admission_s", o->admission_s, "hold_s", o->hold_s,
        "skus", "sku", "unit", "name", "One unit", "unit_price", 100, "total", o->stock);
    int status = ask(stage, public, "POST", "/v1/admin/sales", sale, &answer);
    wr_json_free(sale);
    if (status != 201)
        return refused("the sale could not be made", status, &answer);
    wr_buf_free(&answer);
    return true;
}

static bool set_rate(struct stage *stage, const struct target *public)
{
    struct wr_buf answer = {0};
    char path[128];
    if (!stage->options->rate_per_minute)
        return true;
    snprintf(path, sizeof path, "/v1/admin/sales/%s/rate", stage->sale);
    struct wr_json *rate = wr_json_build("{s:I}", "per_minute", stage->options->rate_per_minute);
    int status = ask(stage, public, "PUT", path, rate, &answer);
    wr_json_free(rate);
    if (status != 200 && status != 204)
        return refused("the rate could not be set", status, &answer);
    wr_buf_free(&answer);
    return true;
}

/* Reads the sale as shoppers see it; true when it is live. */
static bool is_live(struct stage *stage, const struct target *at, char phase[24])
{
    struct wr_buf answer = {0};
    struct wr_json *sale = NULL;
    char path[80];
    snprintf(path, sizeof path, "/v1/sales/%s", stage->sale);
    int status = ask(stage, at, "GET", path, NULL, &answer);
    snprintf(phase, 24, "%d", status);
    if (status == 200 && !wr_json_parse(&sale, answer.at, answer.len, NULL)) {
        const char *text = wr_json_text(wr_json_get(sale, "phase"));
        const char *sku = wr_json_text(wr_json_get(wr_json_at(wr_json_get(sale, "skus"), 0), "sku"));
        snprintf(phase, 24, "%s", text ? text : "?");
        stage->hold_s = wr_json_int(wr_json_get(sale, "hold_s"), stage->options->hold_s);
        if (sku)
            wr_copy_text(stage->sku, sizeof stage->sku, sku, strlen(sku));
    }
    wr_json_free(sale);
    wr_buf_free(&answer);
    return strcmp(phase, "live") == 0;
}

/* It will not be live, or there would be nothing to buy. A sale that was just made may be unknown. */
static bool hopeless(const char *phase, uint64_t waited_ms)
{
    return strcmp(phase, "ended") == 0 || strcmp(phase, "sold_out") == 0 ||
           (strcmp(phase, "404") == 0 && waited_ms > LIVE_S * 1000);
}

static bool wait_until_live(struct stage *stage)
{
    char phase[24] = "";
    bool made_here = !stage->options->sale, told = false;
    uint64_t begun = wr_mono_ms();
    uint64_t limit_ms = (uint64_t)(made_here ? LIVE_S : stage->options->timeout_s) * 1000;
    for (;;) {
        /* Every worker must know it; behind one address there may be several, so it is asked a few times. */
        int live = 0;
        for (int i = 0; i < 8; i++)
            live += is_live(stage, i < stage->lines ? &stage->line[i] : &stage->line[0], phase);
        if (live == 8)
            break;
        uint64_t waited_ms = wr_mono_ms() - begun;
        if (hopeless(phase, waited_ms) || (limit_ms && waited_ms > limit_ms)) {
            fprintf(stderr, "stampede: the sale %s is not live: %s\n", stage->sale, phase);
            return false;
        }
        if (!told && waited_ms > 1000)
            told = fprintf(stderr, "stampede: the sale %s is waited for: %s\n", stage->sale, phase) > 0;
        poll(NULL, 0, 50);
    }
    return true;
}

/* ---- what shoppers say ---- */
static char *rendered(struct wr_json *owned)
{
    struct wr_buf text = {0};
    wr_json_render(owned, &text);
    wr_json_free(owned);
    return text.at;
}

static void render_messages(struct stage *stage)
{
    stage->say_join = rendered(wr_json_build("{s:s}", "type", "join"));
    stage->say_here = rendered(wr_json_build("{s:s}", "type", "here"));
    stage->say_here_again = rendered(wr_json_build("{s:s, s:b}", "type", "here", "again", 1));
    stage->say_entered = rendered(wr_json_build("{s:s}", "type", "entered"));
    stage->checkout_body = rendered(wr_json_build("{s:s, s:i}", "sku", stage->sku, "quantity", 1));
    snprintf(stage->queue_path, sizeof stage->queue_path, "/v1/sales/%s/queue", stage->sale);
    snprintf(stage->checkout_path, sizeof stage->checkout_path, "/v1/sales/%s/checkout", stage->sale);
}

/* POST /v1/admin/sales/{sale}/<verb> */
static bool tell_sale(const struct stage *stage, const char *verb)
{
    struct target public;
    struct wr_buf answer = {0};
    char path[128];
    if (!one_target(&public, stage->options->url))
        return false;
    snprintf(path, sizeof path, "/v1/admin/sales/%s/%s", stage->sale, verb);
    int status = ask(stage, &public, "POST", path, NULL, &answer);
    if (status != 200 && status != 204)
        fprintf(stderr, "stampede: the sale %s did not take '%s': %d\n", stage->sale, verb, status);
    wr_buf_free(&answer);
    return status == 200 || status == 204;
}

bool setup_stage(struct stage *stage, const struct options *options)
{
    struct target public;
    *stage = (struct stage){.options = options};
    if (!find_places(stage, &public))
        return false;
    if (options->sale) {
        if (!wr_copy_text(stage->sale, sizeof stage->sale, options->sale, strlen(options->sale)) ||
            !set_rate(stage, &public))
            return false;
    } else if (!make_sale(stage, &public)) {
        return false;
    }
    if (!wait_until_live(stage) || (options->gather_s && !tell_sale(stage, "hold")))
        return false;
    render_messages(stage);
    return true;
}

bool setup_let_go(const struct stage *stage)
{
    return tell_sale(stage, "resume");
}

void setup_strike(const struct stage *stage)
{
    if (!stage->options->sale)
        tell_sale(stage, "end");
}
