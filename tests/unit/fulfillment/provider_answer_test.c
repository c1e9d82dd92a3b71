#include "provider_answer.h"
#include "test.h"

static struct provider_answer of(int status, const char *body)
{
    struct provider_answer answer;
    provider_answer_read(&answer, status, body, strlen(body));
    return answer;
}

static enum answer_verdict verdict(int status, const char *body)
{
    struct provider_answer answer = of(status, body);
    return provider_answer_verdict(&answer);
}

TEST(only_the_provider_refuses)
{
    assert_int_equal(verdict(402, "{\"error\":{\"type\":\"card_error\"}}"), ANSWER_REFUSED);
    assert_int_equal(verdict(400, "{\"error\":{\"code\":\"parameter_invalid\"}}"), ANSWER_REFUSED);
    assert_int_equal(verdict(422, "{\"error\":{\"message\":\"no\"}}"), ANSWER_REFUSED);
    assert_int_equal(verdict(400, "{\"error\":{\"type\":\"idempotency_error\"}}"), ANSWER_LATER);
    assert_int_equal(verdict(400, "<h1>Bad Request</h1>"), ANSWER_LATER);
    assert_int_equal(verdict(400, "{\"error\":\"bad\"}"), ANSWER_LATER);
    assert_int_equal(verdict(400, "{\"error\":{}}"), ANSWER_LATER);
    assert_int_equal(verdict(402, ""), ANSWER_LATER);
}

TEST(missing_is_what_the_provider_calls_missing)
{
    assert_int_equal(verdict(404, "{\"error\":{\"code\":\"resource_missing\"}}"), ANSWER_MISSING);
    assert_int_equal(verdict(404, "{\"error\":{\"message\":\"Unrecognized request URL\"}}"), ANSWER_LATER);
    assert_int_equal(verdict(404, "Not Found"), ANSWER_LATER);
}

TEST(whatever_else_says_nothing)
{
    static const int statuses[] = {100, 301, 302, 401, 403, 405, 408, 409, 413, 429, 500, 502, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert_int_equal(verdict(statuses[i], "{\"error\":{\"type\":\"api_error\"}}"), ANSWER_LATER);
    assert_int_equal(verdict(200, "Welcome!"), ANSWER_LATER);
    assert_int_equal(verdict(200, "{\"id\":\"cs_1\"}"), ANSWER_DONE);
}

TEST(what_the_provider_itself_says_is_no_reason_to_leave_it_alone)
{
    static const struct {
        int status;
        const char *body;
        bool own;
    } cases[] = {{200, "{}", true},
                 {200, "<html>", false},
                 {400, "{\"error\":{\"type\":\"idempotency_error\"}}", true},
                 {409, "{\"error\":{\"code\":\"lock_timeout\"}}", true},
                 {404, "{\"error\":{\"code\":\"resource_missing\"}}", true},
                 {404, "Not Found", false},
                 {429, "{\"error\":{\"code\":\"rate_limit\"}}", false},
                 {401, "{\"error\":{\"code\":\"key\"}}", false},
                 {500, "{\"error\":{\"type\":\"api_error\"}}", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct provider_answer answer = of(cases[i].status, cases[i].body);
        assert_int_equal(provider_answer_is_its_own(&answer), cases[i].own);
    }
}

TEST(money_is_the_same_in_amount_and_currency)
{
    const struct provider_money expected = {.amount = 2500, .currency = "EUR"};
    struct provider_answer answer = of(200, "{\"amount_total\":2500,\"currency\":\"eur\"}");
    assert_true(provider_money_is(&answer.money, &expected));
    answer = of(200, "{\"amount_total\":2500,\"currency\":\"usd\"}");
    assert_false(provider_money_is(&answer.money, &expected));
    answer = of(200, "{\"amount_total\":2499,\"currency\":\"eur\"}");
    assert_false(provider_money_is(&answer.money, &expected));
    answer = of(200, "{}");
    assert_false(provider_money_is(&answer.money, &expected));
}
