#include "figures.h"

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
    f->tokens = tally_kept(t, &t->grants_used);
    f->check = drip_check(&run->drip, t->grants, f->tokens);
    f->met = drip_met(&run->drip, t->grants, f->tokens, held_back_at(run, t->grants, f->tokens));
    f->taken_up = (size_t)run_count(run, COUNT_ENTERED);
    int64_t granted = run->after.granted_total - run->before.granted_total;
    int64_t entered = run->after.entered_total - run->before.entered_total;
    f->taken_up_percent = granted > 0 ? 100.0 * (double)entered / (double)granted : 100;
    f->looked_net_percent = drip_looked_net_percent(&run->drip, &run->grants);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Whoever was told that nothing is left was told the truth of units that somebody held then: what came back later is not
 * held against the run. In a foreign sale others may hold and return what they like: there only who waits still is asked for. */
static int64_t undersold(const struct run *run)
{
    const struct accounts *a = &run->after;
    if (run->stage->options->sale)
        return run->timed_out ? least(a->free, (int64_t)atomic_load(&run->tally->ends[END_WAITING])) : 0;
    int64_t ordered = 0;
    for (size_t i = 0; i < a->states; i++)
        ordered += a->state[i].units;
    int64_t never_held = positive(a->free - positive(ordered - a->confirmed));
    return least(a->free, (int64_t)run_count(run, COUNT_TURNED_AWAY) +
                              least(never_held, (int64_t)run_count(run, COUNT_FOUND_NONE)));
}

struct figures figures_of(struct run *run)
{
    struct tally *t = run->tally;
    struct figures f = {0};
    measure_drip(&f, run);
    f.duplicate_places = tally_duplicates(t->places, tally_kept(t, &t->places_used));
    size_t joins = tally_kept(t, &t->joins_used), acks = tally_kept(t, &t->acks_used);
    f.joined = run->after.joined_total - run->before.joined_total;
    f.joins_per_s = climb_per_s(&run->joins);
    f.join_p50_ms = ms(tally_percentile(t->joins, joins, 0.5));
    f.join_p99_ms = ms(tally_percentile(t->joins, joins, 0.99));
    f.ack_p50_ms = ms(tally_percentile(t->acks, acks, 0.5));
    f.ack_p99_ms = ms(tally_percentile(t->acks, acks, 0.99));
    size_t returns = tally_kept(t, &t->returns_used);
    f.return_p50_ms = ms(tally_percentile(t->returns, returns, 0.5));
    f.return_worst_ms = ms(tally_percentile(t->returns, returns, 1));
    f.sold = run->after.confirmed - run->before.confirmed;
    f.lost = run->after.missing + run->after.under_way;
    if (accounts_outlast_hold(run->stage))
        f.lost += run->after.unpaid;
    f.oversold = positive(run->after.confirmed - run->after.total) + run->after.oversold_skus;
    f.undersold = positive(undersold(run));
    return f;
}
