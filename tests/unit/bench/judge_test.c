#include "test.h"
#include "judge.h"

static struct options options;
static struct stage stage = {.options = &options};
static struct run run;
static struct figures figures;

/* A run in which all is well: 10 tokens, 10 units sold, one who came back. */
static void begin(void)
{
    options = (struct options){.least_percent = 99};
    run = (struct run){.stage = &stage, .tally = tally_new(10), .open_until = INT64_MAX};
    run.before.granted_total = 5;
    run.after = (struct accounts){.granted_total = 15, .total = 10, .committed = 10, .sold = 10, .confirmed = 10};
    figures = (struct figures){.tokens = 10, .taken_up_percent = 100, .met.net_percent = 100, .looked_net_percent = 100, .sold = 10};
}

static const char *broken(void)
{
    static struct invariant found[INVARIANTS_MAX];
    const char *name = NULL;
    size_t count = judge(&run, &figures, found);
    assert_true(count <= INVARIANTS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (found[i].holds)
            continue;
        assert_null(name); /* one fault breaks one invariant */
        name = found[i].name;
    }
    return name;
}

TEST(a_run_in_which_all_is_well_breaks_nothing)
{
    begin();
    assert_null(broken());
}

TEST(each_fault_of_the_figures_breaks_the_invariant_that_names_it)
{
    static const struct {
        size_t offset;
        const char *name;
    } faults[] = {
        {offsetof(struct figures, oversold), "nothing was oversold"},
        {offsetof(struct figures, lost), "every order answered 202 has one final state"},
        {offsetof(struct figures, undersold), "nobody who would buy was kept from units that are free"},
        {offsetof(struct figures, check.windows_above), "the drip stayed under its ceiling in every window"},
        {offsetof(struct figures, duplicate_places), "no place was given twice"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        begin();
        *(int64_t *)(void *)((char *)&figures + faults[i].offset) = 1;
        assert_string_equal(broken(), faults[i].name);
    }
}

TEST(each_fault_the_crowd_saw_breaks_the_invariant_that_names_it)
{
    static const struct {
        enum count count;
        const char *name;
    } faults[] = {
        {COUNT_PLACES_CHANGED, "every place was kept"},
        {COUNT_PLACES_REFUSED, "nobody was refused the place they had"},
        {COUNT_KEPT_OUT, "nobody who wanted to be in line was kept out"},
        {COUNT_AHEAD_ROSE, "the number ahead never rose"},
        {COUNT_BAD_MESSAGES, "every message was understood"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        begin();
        tally_add(run.tally, faults[i].count, 1);
        assert_string_equal(broken(), faults[i].name);
    }
}

TEST(who_is_refused_breaks_an_invariant_where_the_merchant_refuses_nobody)
{
    begin();
    atomic_store(&run.tally->ends[END_REFUSED], 1);
    assert_string_equal(broken(), "nobody was refused by an answer that the journey does not expect");
    options.sale = "s";
    assert_null(broken());
}

TEST(what_redis_says_is_judged_too)
{
    begin();
    run.line.windows_above = 1;
    assert_string_equal(broken(), "the drip stayed under its ceiling between any two looks at Redis");
    begin();
    figures.tokens = 11; /* ten were granted */
    assert_string_equal(broken(), "nobody received a token that was not granted");
    options.sale = "s"; /* others shop there: no such claim */
    assert_null(broken());
    begin();
    tally_add(run.tally, COUNT_JOINED, 6);
    figures.joined = 7; /* an answer was lost */
    assert_null(broken());
    figures.joined = 5;
    assert_string_equal(broken(), "everybody with a place was counted by Redis");
    begin();
    run.after.sold = 9;
    assert_string_equal(broken(), "stock in Redis and orders in PostgreSQL agree");
}

TEST(the_least_is_asked_only_when_it_was_given)
{
    begin();
    figures.met.percent = 50; /* the burst is in it, for better and worse */
    assert_null(broken());
    figures.met.net_percent = 98.9;
    assert_string_equal(broken(), "the drip was met");
    begin();
    figures.looked_net_percent = 98; /* a look may be late */
    assert_null(broken());
    figures.looked_net_percent = 97.9;
    assert_string_equal(broken(), "the drip was met by our own clock");
    begin();
    figures.taken_up_percent = 98.9;
    assert_string_equal(broken(), "the tokens were taken up");
    options.least_percent = 0;
    assert_null(broken());
}

TEST(the_acknowledgement_is_judged_when_a_limit_was_given)
{
    begin();
    figures.ack_p99_ms = 100.1;
    assert_null(broken());
    options.ack_p99_ms = 100;
    assert_string_equal(broken(), "orders were acknowledged in time");
    figures.ack_p99_ms = 100;
    assert_null(broken());
}
