#include "pay_page.h"
#include "crypto.h"
#include "html_template.h"
#include "metrics.h"
#include "text_sandbox.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

static void frame(struct wr_buf *out, const char *title, const char *nonce, const struct wr_buf *card)
{
    html_fill(
        out, wr_text_pay_page_html,
        (const struct html_value[]){
            {"title", title}, {"nonce", nonce}, {"style", wr_text_pay_page_css}, {"card", card->at}, {0}});
}

/* ---- the card ---- */

struct said { /* what the card says of the session's state; NULL: nothing */
    const char *bad, *neutral, *good, *left;
};

static const char *left_text(const struct session *s, char out[60])
{
    if (s->left_s >= 7200)
        return NULL;
    if (s->left_s < 60)
        snprintf(out, 60, "Less than a minute is left.");
    else
        snprintf(out, 60, "%" PRId64 " %s left to decide.", s->left_s / 60,
                 s->left_s < 120 ? "minute is" : "minutes are");
    return out;
}

static struct said say_open(const struct session *s, const char *note, char left[60])
{
    struct said said = {.left = left_text(s, left)};
    if (note && !strcmp(note, "declined"))
        said.bad = "The payment was declined. Nothing was charged; you can try again.";
    else if (note && !strcmp(note, "left"))
        said.neutral =
            "You walked away. Nothing was charged; until the time is over you can still change your mind.";
    else if (s->declined)
        said.bad = "An earlier payment was declined; you can try again.";
    return said;
}

static struct said say_closed(const struct session *s)
{
    struct said said = {0};
    if (s->payment == PAYMENT_PAID)
        said.good = "Paid. You can close this tab; your place in the shop updates by itself.";
    else if (s->payment == PAYMENT_REFUNDED)
        said.neutral = "This payment was refunded. You can close this tab.";
    else
        said.bad = "The time to pay is over. Nothing was charged; the shop shows what happens next.";
    return said;
}

static bool is_link(const char *url)
{
    return !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7);
}

void pay_page_render(struct wr_buf *out, const struct session *s, const char *note, const char *nonce)
{
    struct wr_buf card = {0};
    char money[40], left[60];
    bool open = session_payable(s);
    struct said said = open ? say_open(s, note, left) : say_closed(s);
    money_text(s->amount, s->currency, money);
    html_fill(&card, wr_text_pay_card_html,
              (const struct html_value[]){{"what", *s->description ? s->description : "Your order"},
                                          {"money", money},
                                          {"bad", said.bad},
                                          {"neutral", said.neutral},
                                          {"good", said.good},
                                          {"left", said.left},
                                          {"open", open ? s->id : NULL},
                                          {"back", !open && is_link(s->success_url) ? s->success_url : NULL},
                                          {0}});
    frame(out, s->payment == PAYMENT_PAID ? "Paid" : "Payment", nonce, &card);
    wr_buf_free(&card);
}

/* ---- answers ---- */

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
    static const struct {
        const char *title, *advice;
    } texts[] = {
        {"There is no such payment", "Check the address, or open the payment from the shop again."},
        {"This did not work just now",
         "The page you came from shows whether the payment went through; if not, try again."},
    };
    bool unknown = err == WR_ERR_NOT_FOUND || err == WR_ERR_INVALID;
    const char *title = texts[!unknown].title;
    struct wr_buf page = {0}, card = {0};
    char nonce[33];
    wr_metrics_refusal(unknown ? WR_ERR_NOT_FOUND : err);
    make_nonce(nonce);
    html_fill(&card, wr_text_pay_problem_html,
              (const struct html_value[]){{"title", title}, {"advice", texts[!unknown].advice}, {0}});
    frame(&page, title, nonce, &card);
    answer(req, unknown ? 404 : 503, &page, nonce);
    wr_buf_free(&card);
    wr_buf_free(&page);
}
