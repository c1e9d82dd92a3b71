#include "report.h"
#include "json.h"
#include "judge.h"
#include "log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t ended(const struct run *run, enum end end)
{
    return atomic_load(&run->tally->ends[end]);
}

static double looked_seconds(const struct run *run)
{
    return (double)(run->grants.to_ms - run->grants.from_ms) / 1000;
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
    printf("joins          %lld, %.0f/s (Redis), p50 %.1f ms, p99 %.1f ms\n", (long long)f->joined, f->joins_per_s,
           f->join_p50_ms, f->join_p99_ms);
    printf("returns        %llu, place kept %llu, changed %llu, refused %llu, p50 %.1f ms, worst %.1f ms; kept out "
           "%llu; places given twice %zu\n",
           run_count(run, COUNT_RETURNS),
           run_count(run, COUNT_PLACES_KEPT),
           run_count(run, COUNT_PLACES_CHANGED), run_count(run, COUNT_PLACES_REFUSED), f->return_p50_ms,
           f->return_worst_ms, run_count(run, COUNT_KEPT_OUT), f->duplicate_places);
    printf("granted        %lld (Redis), %zu tokens received, %lld entered: %.1f %% taken up\n",
           (long long)(a->granted_total - b->granted_total), f->tokens,
           (long long)(a->entered_total - b->entered_total), f->taken_up_percent);
    printf("drip           %.1f/s set; %zu granted in %.2f s of the line's clock until held back: %.1f %% of the rate, %.2f %% net of the "
           "burst; %.0f ran over\n",
           run->drip.per_minute / 60, f->met.granted, f->met.seconds, f->met.percent, f->met.net_percent,
           f->met.ran_over);
    printf("by the looks   %lld granted in %.2f s of our own clock: %.2f %% net of the burst; %.0f ran over (Redis)\n",
           (long long)run->grants.granted, looked_seconds(run), f->looked_net_percent, run->grants.ran_over);
    printf("ceiling        %zu windows above rate x t + burst; fullest %.2f of a burst of %.2f; Redis: %zu of %zu "
           "looks, %.2f\n",
           f->check.windows_above, f->check.worst, drip_burst(&run->drip), run->line.windows_above,
           run->line.looks, run->line.worst);
    printf("acknowledged   %llu orders, p50 %.1f ms, p99 %.1f ms; %llu retries, %llu requests unanswered\n",
           run_count(run, COUNT_ACCEPTED), f->ack_p50_ms, f->ack_p99_ms,
           run_count(run, COUNT_RETRIES), run_count(run, COUNT_NO_ANSWERS));
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
                    wr_json_build("I", (int64_t)run_count(run, (enum count)i)));
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
                wr_json_build("{s:I, s:f, s:f, s:f}", "count", f->joined, "per_s",
                              f->joins_per_s, "p50_ms", f->join_p50_ms, "p99_ms", f->join_p99_ms));
    wr_json_set(json, "drip",
                wr_json_build("{s:I, s:f, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:f}", "rate_per_minute",
                              b->rate_per_minute, "burst", drip_burst(&run->drip), "granted",
                              a->granted_total - b->granted_total, "tokens", (int64_t)f->tokens, "measured",
                              (int64_t)f->met.granted, "measured_s", f->met.seconds, "percent_of_rate",
                              f->met.percent, "net_percent", f->met.net_percent, "ran_over", f->met.ran_over, "windows_above",
                              (int64_t)f->check.windows_above, "taken_up_percent", f->taken_up_percent));
    wr_json_set(json, "looks",
                wr_json_build("{s:I, s:I, s:f, s:I, s:f, s:f, s:f}", "count", (int64_t)run->line.looks, "above",
                              (int64_t)run->line.windows_above, "fullest", run->line.worst, "granted",
                              run->grants.granted, "granted_s", looked_seconds(run), "net_percent",
                              f->looked_net_percent, "ran_over", run->grants.ran_over));
    wr_json_set(json, "acknowledgement",
                wr_json_build("{s:I, s:f, s:f}", "count", (int64_t)run_count(run, COUNT_ACCEPTED), "p50_ms",
                              f->ack_p50_ms, "p99_ms", f->ack_p99_ms));
    wr_json_set(json, "places",
                wr_json_build("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "returns",
                              (int64_t)run_count(run, COUNT_RETURNS), "kept",
                              (int64_t)run_count(run, COUNT_PLACES_KEPT), "changed",
                              (int64_t)run_count(run, COUNT_PLACES_CHANGED), "refused",
                              (int64_t)run_count(run, COUNT_PLACES_REFUSED), "kept_out",
                              (int64_t)run_count(run, COUNT_KEPT_OUT), "given_twice",
                              (int64_t)f->duplicate_places, "return_p50_ms", f->return_p50_ms,
                              "return_worst_ms", f->return_worst_ms));
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
    struct figures f = figures_of(run);
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
