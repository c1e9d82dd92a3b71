#include "pay_page.h"
#include "test.h"

static struct wr_buf page;

static const char *render(const struct session *s, const char *note)
{
    wr_buf_clear(&page);
    pay_page_render(&page, s, note, "nonce");
    return page.at;
}

static struct session open_session(void)
{
    return (struct session){
        .id = "cs_test_1", .description = "A <b>lamp</b>", .currency = "eur", .amount = 2500, .left_s = 300};
}

TEST(money_is_written_as_its_currency_wants)
{
    static const struct {
        int64_t amount;
        const char *currency, *text;
    } cases[] = {{2500, "eur", "25.00 EUR"},
                 {5, "usd", "0.05 USD"},
                 {0, "gbp", "0.00 GBP"},
                 {2500, "jpy", "2500 JPY"},
                 {2500, "kwd", "2.500 KWD"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[40];
        money_text(cases[i].amount, cases[i].currency, text);
        assert_string_equal(text, cases[i].text);
    }
}

TEST(what_others_wrote_cannot_become_markup)
{
    struct session s = open_session();
    assert_null(strstr(render(&s, "<i>"), "<b>"));
    assert_null(strstr(page.at, "<i>"));
    s.status = SESSION_EXPIRED;
    strcpy(s.success_url, "javascript:alert(1)");
    assert_null(strstr(render(&s, NULL), "javascript"));
    strcpy(s.success_url, "https://shop.test/\"onclick=\"x");
    assert_non_null(strstr(render(&s, NULL), "https://shop.test/&quot;onclick=&quot;x"));
}

TEST(each_state_says_what_it_is_and_offers_what_can_be_done)
{
    struct session s = open_session();
    assert_non_null(strstr(render(&s, NULL), "Pay 25.00 EUR</button>"));
    assert_non_null(strstr(page.at, "5 minutes are left"));
    assert_null(strstr(page.at, "Paid"));
    s.left_s = 61;
    assert_non_null(strstr(render(&s, NULL), "1 minute is left"));
    s.left_s = 59;
    assert_non_null(strstr(render(&s, NULL), "Less than a minute"));
    assert_non_null(strstr(render(&s, "declined"), "was declined"));
    assert_non_null(strstr(render(&s, "left"), "walked away"));
    s.past = true;
    assert_null(strstr(render(&s, NULL), "<button"));
    assert_non_null(strstr(page.at, "time to pay is over"));
    s.status = SESSION_COMPLETE;
    s.payment = PAYMENT_PAID;
    assert_non_null(strstr(render(&s, "declined"), "Paid. You can close this tab"));
    assert_null(strstr(page.at, "<button"));
    wr_buf_free(&page);
}
