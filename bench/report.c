#include "report.h"
#include "json.h"
#include "log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct figures {
    struct drip drip;
    struct drip_check check;
    struct drip_met met;
    size_t tokens, taken_up, duplicate_places;
    double joins_per_s, taken_up_percent, join_p50_ms, join_p99_ms, ack_p50_ms, ack_p99_ms;
    int64_t sold;      /* units confirmed by this run */
    int64_t lost;      /* accepted orders without exactly one final state */
    int64_t oversold;  /* units sold beyond what there is */
    int64_t undersold; /* units left over while somebody who would buy was turned away */
};

static uint64_t seen(const struct run *run, enum count count)
{
    return tally_read(run->tally, count);
}

static uint64_t ended(const struct run *run, enum end end)
{
    return atomic_load(&run->tally->ends[end]);
}

/* The token with which the drip was first held back; behind the last there was nobody left. `ms` is sorted.
 */
static size_t held_back_at(const struct run *run, const int64_t *ms, size_t count)
{
    size_t n = 0;
    while (n < count && ms[n] <= run->open_until)
        n++;
    return n;
}

static double ms(uint32_t us)
{
    return us / 1000.0;
}

static int64_t positive(int64_t n)
{
    return n > 0 ? n : 0;
}

static void measure_drip(struct figures *f, const struct run *run)
{
    struct tally *t = run->tally;
    f->drip = (struct drip){.per_minute = (double)run->before.rate_per_minute,
                            .burst_ms = (int)run->before.burst_ms};
    f->tokens = tally_kept(t, &t->grants_used);
    f->check = drip_check(&f->drip, t->grants, f->tokens);
    f->met = drip_met(&f->drip, t->grants, f->tokens, held_back_at(run, t->grants, f->tokens));
    f->taken_up = (size_t)seen(run, COUNT_ENTERED);
    int64_t granted = run->after.granted_total - run->before.granted_total;
    int64_t entered = run->after.entered_total - run->before.entered_total;
    f->taken_up_percent = granted > 0 ? 100.0 * (double)entered / (double)granted : 100;
}

static struct figures measure(struct run *run)
{
    struct tally *t = run->tally;
    struct figures f = {0};
    measure_drip(&f, run);
    f.duplicate_places = tally_duplicates(t->places, tally_kept(t, &t->places_used));
    size_t joins = tally_kept(t, &t->joins_used), acks = tally_kept(t, &t->acks_used);
    double joining_s = (double)(atomic_load(&t->last_join_us) - atomic_load(&t->first_join_us)) / 1e6;
    f.joins_per_s = joining_s > 0 ? (double)joins / joining_s : 0;
    f.join_p50_ms = ms(tally_percentile(t->joins, joins, 0.5));
    f.join_p99_ms = ms(tally_percentile(t->joins, joins, 0.99));
    f.ack_p50_ms = ms(tally_percentile(t->acks, acks, 0.5));
    f.ack_p99_ms = ms(tally_percentile(t->acks, acks, 0.99));
    f.sold = run->after.confirmed - run->before.confirmed;
    f.lost = run->after.missing;
    if (!run->stage->options->sale)
        f.lost += run->after.unsettled; /* its time to pay has passed; that of a foreign sale may not have */
    f.oversold = positive(run->after.confirmed - run->after.total) + run->after.oversold_skus;
    if (run->timed_out)
        f.undersold =
            positive((int64_t)ended(run, END_WAITING) < run->after.free ? (int64_t)ended(run, END_WAITING)
                                                                        : run->after.free);
    return f;
}

/* ---- invariants ---- */
struct invariant {
    const char *name;
    bool holds;
};
#define INVARIANTS_MAX 12

static size_t judge(const struct run *run, const struct figures *f, struct invariant *out)
{
    const struct accounts *a = &run->after;
    int64_t least = run->stage->options->least_percent;
    bool all_settled = !f->lost && !run->timed_out && !run->stage->options->sale;
    size_t n = 0;
    out[n++] = (struct invariant){"nothing was oversold", !f->oversold};
    out[n++] = (struct invariant){"every order answered 202 has one final state", !f->lost};
    out[n++] = (struct invariant){"nobody who waits was kept from units that are free", !f->undersold};
    out[n++] =
        (struct invariant){"the drip stayed under its ceiling in every window", !f->check.windows_above};
    out[n++] = (struct invariant){"every place was kept", !seen(run, COUNT_PLACES_CHANGED)};
    out[n++] = (struct invariant){"no place was given twice", !f->duplicate_places};
    out[n++] = (struct invariant){"the number ahead never rose", !seen(run, COUNT_AHEAD_ROSE)};
    out[n++] = (struct invariant){"every message was understood", !seen(run, COUNT_BAD_MESSAGES)};
    if (all_settled)
        out[n++] = (struct invariant){"stock in Redis and orders in PostgreSQL agree", accounts_agree(a)};
    if (least) {
        out[n++] = (struct invariant){"the drip was met", f->met.percent >= (double)least};
        out[n++] = (struct invariant){"the tokens were taken up", f->taken_up_percent >= (double)least};
    }
    return n;
}

/* ---- text ---- */
static void print_ends(const struct run *run)
{
    printf("ends          ");
    for (int end = 1; end < END_COUNT; end++)
        if (ended(run, (enum end)end))
            printf(" %s %llu ", tally_end_name((enum end)end), (unsigned long long)ended(run, (enum end)end));
    putchar('\n');
}

static void print_orders(const struct accounts *a)
{
    printf("orders         ");
    for (size_t i = 0; i < a->states; i++) {
        const struct state *s = &a->state[i];
        printf("%s%s%s%s %lld", i ? ", " : "", s->status, *s->reason ? "/" : "", s->reason,
               (long long)s->orders);
    }
    printf("%s (PostgreSQL)\n", a->states ? "" : "none");
    printf("stock          free %lld, held %lld, sold %lld, voided %lld (Redis); committed %lld of %lld "
           "(PostgreSQL)\n",
           (long long)a->free, (long long)a->held, (long long)a->sold, (long long)a->voided,
           (long long)a->committed, (long long)a->total);
}

static void print_problems(const struct tally *t)
{
    for (size_t i = 0; i < PROBLEMS_MAX && t->problems[i].count; i++)
        printf("%s %s (%llu)\n", i ? "              " : "refusals      ", t->problems[i].what,
               (unsigned long long)t->problems[i].count);
}

static void print_figures(const struct run *run, const struct figures *f)
{
    const struct accounts *a = &run->after, *b = &run->before;
    printf("\nsale           %s, %.1f s, crowd of %u process%s used %.1f s of CPU%s\n", run->stage->sale,
           run->seconds, run->processes, run->processes == 1 ? "" : "es", run->cpu_seconds,
           run->timed_out ? ", ended by its time limit" : "");
    printf("joins          %llu, %.0f/s, p50 %.1f ms, p99 %.1f ms\n",
           (unsigned long long)seen(run, COUNT_JOINED), f->joins_per_s, f->join_p50_ms, f->join_p99_ms);
    printf("returns        %llu, place kept %llu, changed %llu; places given twice %zu\n",
           (unsigned long long)seen(run, COUNT_RETURNS), (unsigned long long)seen(run, COUNT_PLACES_KEPT),
           (unsigned long long)seen(run, COUNT_PLACES_CHANGED), f->duplicate_places);
    printf("granted        %lld (Redis), %zu tokens received, %lld entered: %.1f %% taken up\n",
           (long long)(a->granted_total - b->granted_total), f->tokens,
           (long long)(a->entered_total - b->entered_total), f->taken_up_percent);
    printf("drip           %.1f/s set; %zu granted in %.2f s until held back: %.1f %% of the rate; %.0f ran "
           "over\n",
           f->drip.per_minute / 60, f->met.granted, f->met.seconds, f->met.percent, f->met.ran_over);
    printf("ceiling        %zu windows above rate x t + burst; fullest %.2f of a burst of %.2f\n",
           f->check.windows_above, f->check.worst, drip_burst(&f->drip));
    printf("acknowledged   %llu orders, p50 %.1f ms, p99 %.1f ms; %llu retries, %llu requests unanswered\n",
           (unsigned long long)seen(run, COUNT_ACCEPTED), f->ack_p50_ms, f->ack_p99_ms,
           (unsigned long long)seen(run, COUNT_RETRIES), (unsigned long long)seen(run, COUNT_NO_ANSWERS));
    print_orders(a);
    printf("sold           %lld of %lld; oversold %lld, lost %lld, undersold %lld\n", (long long)f->sold,
           (long long)b->free, (long long)f->oversold, (long long)f->lost, (long long)f->undersold);
    print_ends(run);
    print_problems(run->tally);
}

/* ---- JSON ---- */
static struct wr_json *named_counts(const struct run *run)
{
    struct wr_json *json = wr_json_build("{}");
    for (int i = 0; i < COUNT_COUNT; i++)
        wr_json_set(json, tally_count_name((enum count)i),
                    wr_json_build("I", (int64_t)seen(run, (enum count)i)));
    return json;
}

static struct wr_json *named_ends(const struct run *run)
{
    struct wr_json *json = wr_json_build("{}");
    for (int i = 1; i < END_COUNT; i++)
        wr_json_set(json, tally_end_name((enum end)i), wr_json_build("I", (int64_t)ended(run, (enum end)i)));
    return json;
}

static struct wr_json *order_states(const struct accounts *a)
{
    struct wr_json *json = wr_json_build("[]");
    for (size_t i = 0; i < a->states; i++)
        wr_json_append(json, wr_json_build("{s:s, s:s, s:I, s:I}", "status", a->state[i].status, "reason",
                                           a->state[i].reason, "orders", a->state[i].orders, "units",
                                           a->state[i].units));
    return json;
}

static struct wr_json *problem_counts(const struct tally *t)
{
    struct wr_json *json = wr_json_build("[]");
    for (size_t i = 0; i < PROBLEMS_MAX && t->problems[i].count; i++)
        wr_json_append(json, wr_json_build("{s:s, s:I}", "what", t->problems[i].what, "count",
                                           (int64_t)t->problems[i].count));
    return json;
}

static struct wr_json *as_json(const struct run *run, const struct figures *f,
                               const struct invariant *invariants, size_t count)
{
    const struct accounts *a = &run->after, *b = &run->before;
    struct wr_json *held = wr_json_build("{}");
    for (size_t i = 0; i < count; i++)
        wr_json_set(held, invariants[i].name, wr_json_build("b", invariants[i].holds));
    struct wr_json *json =
        wr_json_build("{s:s, s:f, s:f, s:b}", "sale", run->stage->sale, "seconds", run->seconds,
                      "cpu_seconds", run->cpu_seconds, "timed_out", run->timed_out);
    wr_json_set(json, "joins",
                wr_json_build("{s:I, s:f, s:f, s:f}", "count", (int64_t)seen(run, COUNT_JOINED), "per_s",
                              f->joins_per_s, "p50_ms", f->join_p50_ms, "p99_ms", f->join_p99_ms));
    wr_json_set(json, "drip",
                wr_json_build("{s:I, s:f, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:f}", "rate_per_minute",
                              b->rate_per_minute, "burst", drip_burst(&f->drip), "granted",
                              a->granted_total - b->granted_total, "tokens", (int64_t)f->tokens, "measured",
                              (int64_t)f->met.granted, "measured_s", f->met.seconds, "percent_of_rate",
                              f->met.percent, "ran_over", f->met.ran_over, "windows_above",
                              (int64_t)f->check.windows_above, "taken_up_percent", f->taken_up_percent));
    wr_json_set(json, "acknowledgement",
                wr_json_build("{s:I, s:f, s:f}", "count", (int64_t)seen(run, COUNT_ACCEPTED), "p50_ms",
                              f->ack_p50_ms, "p99_ms", f->ack_p99_ms));
    wr_json_set(json, "places",
                wr_json_build("{s:I, s:I, s:I, s:I}", "returns", (int64_t)seen(run, COUNT_RETURNS), "kept",
                              (int64_t)seen(run, COUNT_PLACES_KEPT), "changed",
                              (int64_t)seen(run, COUNT_PLACES_CHANGED), "given_twice",
                              (int64_t)f->duplicate_places));
    wr_json_set(json, "stock",
                wr_json_build("{s:I, s:I, s:I, s:I, s:I, s:I}", "before", b->free, "free", a->free, "held",
                              a->held, "sold", a->sold, "voided", a->voided, "committed", a->committed));
    wr_json_set(json, "sold", wr_json_build("I", f->sold));
    wr_json_set(json, "oversold", wr_json_build("I", f->oversold));
    wr_json_set(json, "lost", wr_json_build("I", f->lost));
    wr_json_set(json, "undersold", wr_json_build("I", f->undersold));
    wr_json_set(json, "orders", order_states(a));
    wr_json_set(json, "ends", named_ends(run));
    wr_json_set(json, "counts", named_counts(run));
    wr_json_set(json, "refusals", problem_counts(run->tally));
    wr_json_set(json, "invariants", held);
    return json;
}

static bool write_json(const char *path, struct wr_json *owned)
{
    struct wr_buf text = {0};
    wr_json_render(owned, &text);
    wr_json_free(owned);
    wr_buf_text(&text, "\n");
    FILE *file = fopen(path, "we");
    bool written = file && fwrite(text.at, 1, text.len, file) == text.len;
    if (file && fclose(file) != 0)
        written = false;
    wr_buf_free(&text);
    if (!written)
        perror(path);
    return written;
}

int report(struct run *run)
{
    struct invariant invariants[INVARIANTS_MAX];
    struct figures f = measure(run);
    size_t count = judge(run, &f, invariants);
    int broken = 0;
    print_figures(run, &f);
    for (size_t i = 0; i < count; i++) {
        if (invariants[i].holds)
            continue;
        printf("%s %s\n", broken++ ? "              " : "BROKEN        ", invariants[i].name);
    }
    if (!broken)
        printf("               all %zu invariants hold\n", count);
    if (run->stage->options->json &&
        !write_json(run->stage->options->json, as_json(run, &f, invariants, count)))
        broken++;
    return broken;
}
