/* http_client.c - the only file that knows libcurl.
 *
 * libcurl says which descriptors and which delay it waits for (on_interest, on_delay); the loop says when
 * they are due (drive). What has ended is read afterwards, when nothing of libcurl is on the stack, and only
 * then callbacks run. */
#include "http_client.h"
#include "log.h"
#include "mem.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MAX = 64 * 1024,
    CONNECT_MS = 3000,
    IDLE_S = 20, /* a kept connection older than this is not used again: the other side may have closed it */
};

struct call {
    struct call *next, **link;
    CURL *easy;
    struct curl_slist *headers;
    char *sent;
    struct wr_buf answer;
    wr_http_done *done;
    void *ctx;
};

struct wr_http_client {
    CURLM *multi;
    struct wr_loop *loop;
    struct wr_timer *delay;
    struct call *calls;
    int in_flight, in_flight_max;
    bool delivering; /* inside a caller's callback */
};

struct interest { /* one descriptor that libcurl waits for */
    struct wr_http_client *client;
    struct wr_watch *watch;
    curl_socket_t fd;
};

/* ---- calls ---- */

/* Its place is free for what its callback may ask next. */
static void take_out(struct wr_http_client *c, struct call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    c->in_flight--;
    curl_multi_remove_handle(c->multi, call->easy);
}

static void end_call(struct wr_http_client *c, struct call *call, enum wr_err err, long status)
{
    take_out(c, call);
    if (err)
        wr_buf_clear(&call->answer); /* half an answer is none */
    c->delivering = true;
    call->done(call->ctx, err, (int)status, call->answer.len ? call->answer.at : "", call->answer.len);
    c->delivering = false;
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    wr_buf_free(&call->answer);
    free(call->sent);
    free(call);
}

static enum wr_err outcome(const struct call *call, CURLcode code)
{
    long sent = 0;
    if (code == CURLE_OK)
        return WR_OK;
    curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0 ? WR_ERR_NO_ANSWER : WR_ERR_BACKEND;
}

static void finish(struct wr_http_client *c, struct call *call, CURLcode code)
{
    long status = 0;
    enum wr_err err = outcome(call, code);
    if (err)
        wr_warn("outgoing request failed", "err=%s why=\"%s\"", wr_err_slug(err), curl_easy_strerror(code));
    else
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!err && (status < 100 || status > 599)) { /* curl takes any number */
        err = WR_ERR_NO_ANSWER;
        status = 0;
    }
    end_call(c, call, err, status);
}

static void finish_ended(struct wr_http_client *c)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(c->multi, &left))) {
        struct call *call = NULL;
        CURLcode code = message->data.result; /* the message goes with its handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        finish(c, call, code);
    }
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    struct call *call = ctx;
    if (call->answer.len + size * count > ANSWER_MAX)
        return 0; /* ends the request */
    wr_buf_add(&call->answer, bytes, size * count);
    return size * count;
}

/* ---- the loop's side ---- */

static void drive(struct wr_http_client *c, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(c->multi, fd, events, &running);
    finish_ended(c);
}

static void on_delay_over(void *ctx)
{
    drive(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_delay(CURLM *multi, long delay_ms, void *ctx)
{
    struct wr_http_client *c = ctx;
    (void)multi;
    if (delay_ms < 0)
        wr_timer_stop(c->delay);
    else
        wr_timer_start(c->delay, (uint64_t)delay_ms, 0);
    return 0;
}

static void on_event(void *ctx, int events)
{
    struct interest *i = ctx;
    drive(i->client, i->fd,
          (events & WR_READABLE ? CURL_CSELECT_IN : 0) | (events & WR_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *ctx, void *mine)
{
    struct wr_http_client *c = ctx;
    struct interest *i = mine;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (i)
            wr_watch_free(i->watch);
        free(i);
        return 0;
    }
    if (!i) {
        i = wr_alloc(sizeof *i);
        i->client = c;
        i->fd = fd;
        i->watch = wr_watch_new(c->loop, fd, on_event, i);
        curl_multi_assign(c->multi, fd, i);
    }
    wr_watch_set(i->watch,
                 (what & CURL_POLL_IN ? WR_READABLE : 0) | (what & CURL_POLL_OUT ? WR_WRITABLE : 0));
    return 0;
}

/* ---- the interface ---- */

static void init_library(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
}

enum wr_err wr_http_client_open(struct wr_http_client **out, struct wr_loop *loop, int in_flight_max)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct wr_http_client *c = wr_alloc(sizeof *c);
    c->loop = loop;
    c->in_flight_max = in_flight_max;
    c->delay = wr_timer_new(loop, on_delay_over, c);
    c->multi = curl_multi_init();
    if (!c->multi)
        abort(); /* memory */
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_delay);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)in_flight_max);
    *out = c;
    return WR_OK;
}

void wr_http_client_close(struct wr_http_client *c)
{
    if (!c)
        return;
    if (c->delivering)
        abort();          /* from inside its own callback: the contract forbids it */
    c->in_flight_max = 0; /* what callbacks ask now is refused */
    while (c->calls)
        end_call(c, c->calls, WR_ERR_NO_ANSWER, 0);
    curl_multi_cleanup(c->multi);
    wr_timer_free(c->delay);
    free(c);
}

static void set_method(CURL *easy, const struct wr_http_call *call, const char *body)
{
    if (!strcmp(call->method, "GET"))
        return;
    if (strcmp(call->method, "POST") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    if (!strcmp(call->method, "POST") || call->len) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)call->len);
    }
}

static void set_limits(CURL *easy, int deadline_ms)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY,
                     ""); /* what decides where we connect is in our option table alone */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT,
                     1L); /* or libcurl joins the thread of a lookup that is late, and the loop waits */
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)deadline_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(deadline_ms < CONNECT_MS ? deadline_ms : CONNECT_MS));
}

enum wr_err wr_http_client_call(struct wr_http_client *c, const struct wr_http_call *request,
                                wr_http_done *done, void *ctx)
{
    if (c->in_flight >= c->in_flight_max)
        return WR_ERR_BUSY;
    struct call *call = wr_alloc(sizeof *call);
    call->done = done;
    call->ctx = ctx;
    call->easy = curl_easy_init();
    if (!call->easy)
        abort();
    call->sent = wr_dup(request->body ? request->body : "", request->len);
    call->headers = curl_slist_append(NULL, "Expect:"); /* bodies are small: no round trip to ask first */
    for (size_t i = 0; i < sizeof request->headers / sizeof *request->headers && request->headers[i]; i++)
        call->headers = curl_slist_append(call->headers, request->headers[i]);
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_URL, request->url);
    curl_easy_setopt(call->easy, CURLOPT_USERAGENT, "waitroom/" WR_VERSION);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
    set_limits(call->easy, request->deadline_ms);
    set_method(call->easy, request, call->sent);
    call->next = c->calls;
    call->link = &c->calls;
    if (call->next)
        call->next->link = &call->next;
    c->calls = call;
    c->in_flight++;
    if (curl_multi_add_handle(c->multi, call->easy)) /* starts from the loop: on_delay() was called with 0 */
        abort();                                     /* memory */
    return WR_OK;
}

static void add_escaped(struct wr_buf *out, const char *text)
{
    char *escaped = *text ? curl_easy_escape(NULL, text, 0) : NULL;
    if (escaped)
        wr_buf_text(out, escaped);
    curl_free(escaped);
}

void wr_form_add(struct wr_buf *form, const char *name, const char *value)
{
    if (form->len)
        wr_buf_text(form, "&");
    add_escaped(form, name);
    wr_buf_text(form, "=");
    add_escaped(form, value);
}

const char *wr_http_client_version(void)
{
    static char text[32];
    snprintf(text, sizeof text, "libcurl %s", curl_version_info(CURLVERSION_NOW)->version);
    return text;
}
