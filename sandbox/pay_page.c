#include "pay_page.h"
#include "crypto.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char head[] = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta "
                           "name=\"robots\" content=\"noindex\">";

static const char style[] =
    ":root{color-scheme:light "
    "dark;--bg:#f3f4f6;--card:#fff;--ink:#16181d;--soft:#545b67;--line:#d5d9e0;--main:#0b5d4e;"
    "--on-main:#fff;--good:#0b5d4e;--bad:#9b1c1c}"
    "@media(prefers-color-scheme:dark){:root{--bg:#111417;--card:#1b1f24;--ink:#f0f2f4;--soft:#aab2bd;--line:"
    "#39414b;"
    "--main:#7fd8c2;--on-main:#06231d;--good:#7fd8c2;--bad:#ffb4ab}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:1rem/1.5 "
    "system-ui,sans-serif}"
    "main{max-width:26rem;margin:0 auto;padding:1rem}"
    ".sandbox{margin:0 0 1rem;color:var(--soft);font-size:.875rem;text-align:center}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:1.5rem}"
    "h1{margin:0;font-size:1.125rem;font-weight:600;overflow-wrap:anywhere}"
    ".amount{margin:.25rem 0 "
    "1rem;font-size:2.25rem;font-weight:700;line-height:1.2;font-variant-numeric:tabular-nums}"
    "p{margin:.5rem "
    "0}.soft{color:var(--soft)}.note{font-weight:600}.good{color:var(--good)}.bad{color:var(--bad)}"
    "form{margin:.75rem 0 0}button,.button{display:block;width:100%;min-height:3rem;padding:.75rem "
    "1rem;border-radius:.75rem;"
    "border:1px solid "
    "var(--line);background:none;color:inherit;font:inherit;font-weight:600;text-align:center;"
    "text-decoration:none;cursor:pointer}"
    ".main{background:var(--main);border-color:var(--main);color:var(--on-main);font-size:1.125rem}"
    ":focus-visible{outline:3px solid var(--ink);outline-offset:3px}";

void html_escape(struct wr_buf *out, const char *text)
{
    static const struct {
        char c;
        const char *as;
    } table[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t n; *text; text += n) {
        n = strcspn(text, "&<>\"'");
        if (n) {
            wr_buf_add(out, text, n);
            continue;
        }
        n = 1;
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            if (table[i].c == *text)
                wr_buf_text(out, table[i].as);
    }
}

/* Digits of the minor unit (ISO 4217), where they are not two. */
static int decimals(const char *currency)
{
    return strstr("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF", currency) ? 0
           : strstr("BHD IQD JOD KWD LYD OMR TND", currency)                                   ? 3
                                                                                               : 2;
}

void money_text(int64_t amount, const char *currency, char out[40])
{
    char upper[4] = "";
    for (int i = 0; i < 3 && currency[i]; i++)
        upper[i] = (char)toupper((unsigned char)currency[i]);
    int digits = decimals(upper);
    int64_t unit = digits == 0 ? 1 : digits == 2 ? 100 : 1000;
    if (digits)
        snprintf(out, 40, "%" PRId64 ".%0*" PRId64 " %s", amount / unit, digits, amount % unit, upper);
    else
        snprintf(out, 40, "%" PRId64 " %s", amount, upper);
}

static void begin(struct wr_buf *b, const char *title, const char *nonce)
{
    wr_buf_text(b, head);
    wr_buf_printf(b, "<title>%s</title><style nonce=\"%s\">%s</style></head><body><main>", title, nonce,
                  style);
    wr_buf_text(b, "<p class=\"sandbox\">Sandbox payment: no real money moves</p><div class=\"card\">");
}

static void end(struct wr_buf *b)
{
    wr_buf_text(b, "</div></main></body></html>\n");
}

static void say(struct wr_buf *b, const char *class, const char *text)
{
    wr_buf_printf(b, "<p class=\"note %s\" role=\"status\">%s</p>", class, text);
}

static void offer(struct wr_buf *b, const struct session *s, const char *action, const char *class,
                  const char *label)
{
    wr_buf_printf(
        b, "<form method=\"post\" action=\"/sandbox/pay/%s/%s\"><button class=\"%s\">%s</button></form>",
        s->id, action, class, label);
}

static void open_body(struct wr_buf *b, const struct session *s, const char *money, const char *note)
{
    char label[60];
    if (note && !strcmp(note, "declined"))
        say(b, "bad", "The payment was declined. Nothing was charged; you can try again.");
    else if (note && !strcmp(note, "left"))
        say(b, "",
            "You walked away. Nothing was charged; until the time is over you can still change your mind.");
    else if (s->declined)
        say(b, "bad", "An earlier payment was declined; you can try again.");
    if (s->left_s < 60)
        wr_buf_text(b, "<p class=\"soft\">Less than a minute is left.</p>");
    else if (s->left_s < 7200)
        wr_buf_printf(b, "<p class=\"soft\">%" PRId64 " %s left to decide.</p>", s->left_s / 60,
                      s->left_s < 120 ? "minute is" : "minutes are");
    snprintf(label, sizeof label, "Pay %s", money);
    offer(b, s, "pay", "main", label);
    offer(b, s, "decline", "", "Decline the payment");
    offer(b, s, "walk-away", "", "Walk away");
}

static bool is_link(const char *url)
{
    return !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7);
}

static void closed_body(struct wr_buf *b, const struct session *s)
{
    if (s->payment == PAYMENT_PAID)
        say(b, "good", "Paid. You can close this tab; your place in the shop updates by itself.");
    else if (s->payment == PAYMENT_REFUNDED)
        say(b, "", "This payment was refunded. You can close this tab.");
    else
        say(b, "bad", "The time to pay is over. Nothing was charged; the shop shows what happens next.");
    if (is_link(s->success_url)) {
        wr_buf_text(b, "<p><a class=\"button\" href=\"");
        html_escape(b, s->success_url);
        wr_buf_text(b, "\">Back to the shop</a></p>");
    }
}

void pay_page_render(struct wr_buf *out, const struct session *s, const char *note, const char *nonce)
{
    char money[40];
    money_text(s->amount, s->currency, money);
    begin(out, s->payment == PAYMENT_PAID ? "Paid" : "Payment", nonce);
    wr_buf_text(out, "<h1>");
    html_escape(out, *s->description ? s->description : "Your order");
    wr_buf_printf(out, "</h1><p class=\"amount\">%s</p>", money);
    if (session_payable(s))
        open_body(out, s, money, note);
    else
        closed_body(out, s);
    end(out);
}

static void answer(struct wr_request *req, int status, const struct wr_buf *page, const char *nonce)
{
    char policy[200];
    snprintf(policy, sizeof policy,
             "default-src 'none'; style-src 'nonce-%s'; form-action 'self'; base-uri 'none'; frame-ancestors "
             "'none'",
             nonce);
    wr_answer(req, &(struct wr_answer){
                       .status = status,
                       .content_type = "text/html; charset=utf-8",
                       .body = page->at,
                       .len = page->len,
                       .headers = {{"content-security-policy", policy}, {"cache-control", "no-store"}}});
}

static void make_nonce(char nonce[33])
{
    uint8_t bytes[16];
    wr_random(bytes, sizeof bytes);
    wr_hex(bytes, sizeof bytes, nonce);
}

void pay_page(struct wr_request *req, const struct session *s, const char *note)
{
    struct wr_buf page = {0};
    char nonce[33];
    make_nonce(nonce);
    pay_page_render(&page, s, note, nonce);
    answer(req, 200, &page, nonce);
    wr_buf_free(&page);
}

void pay_page_problem(struct wr_request *req, enum wr_err err)
{
    struct wr_buf page = {0};
    char nonce[33];
    bool unknown = err == WR_ERR_NOT_FOUND || err == WR_ERR_INVALID;
    make_nonce(nonce);
    begin(&page, unknown ? "No such payment" : "Try again", nonce);
    wr_buf_printf(
        &page, "<h1>%s</h1><p>%s</p>", unknown ? "There is no such payment" : "This did not work just now",
        unknown ? "Check the address, or open the payment from the shop again."
                : "The page you came from shows whether the payment went through; if not, try again.");
    end(&page);
    answer(req, unknown ? 404 : 503, &page, nonce);
    wr_buf_free(&page);
}
