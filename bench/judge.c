#include "judge.h"

size_t judge(const struct run *run, const struct figures *f, struct invariant *out)
{
    const struct accounts *a = &run->after;
    int64_t least = run->stage->options->least_percent;
    bool ours = !run->stage->options->sale; /* nobody else shops there */
    bool all_settled = !f->lost && !run->timed_out && ours;
    size_t n = 0;
    out[n++] = (struct invariant){"nothing was oversold", !f->oversold};
    out[n++] = (struct invariant){"every order answered 202 has one final state", !f->lost};
    out[n++] = (struct invariant){"nobody who would buy was kept from units that are free", !f->undersold};
    out[n++] =
        (struct invariant){"the drip stayed under its ceiling in every window", !f->check.windows_above};
    out[n++] = (struct invariant){"the drip stayed under its ceiling between any two looks at Redis",
                                  !run->line.windows_above};
    if (ours) {
        out[n++] = (struct invariant){"nobody received a token that was not granted",
                                      (int64_t)f->tokens <= a->granted_total - run->before.granted_total};
        out[n++] = (struct invariant){"nobody was refused by an answer that the journey does not expect",
                                      !atomic_load(&run->tally->ends[END_REFUSED])};
    }
    /* Redis may have counted more: others, and numbers whose answer was lost. */
    out[n++] = (struct invariant){"everybody with a place was counted by Redis",
                                  (int64_t)run_count(run, COUNT_JOINED) <= f->joined};
    out[n++] = (struct invariant){"every place was kept", !run_count(run, COUNT_PLACES_CHANGED)};
    out[n++] = (struct invariant){"nobody was refused the place they had", !run_count(run, COUNT_PLACES_REFUSED)};
    out[n++] = (struct invariant){"nobody who wanted to be in line was kept out", !run_count(run, COUNT_KEPT_OUT)};
    out[n++] = (struct invariant){"no place was given twice", !f->duplicate_places};
    out[n++] = (struct invariant){"the number ahead never rose", !run_count(run, COUNT_AHEAD_ROSE)};
    out[n++] = (struct invariant){"every message was understood", !run_count(run, COUNT_BAD_MESSAGES)};
    if (all_settled)
        out[n++] = (struct invariant){"stock in Redis and orders in PostgreSQL agree", accounts_agree(a)};
    if (least) {
        out[n++] = (struct invariant){"the drip was met", f->met.net_percent >= (double)least};
        /* A look in a tenth of a second sees the first and the last grant late. */
        out[n++] =
            (struct invariant){"the drip was met by our own clock", f->looked_net_percent >= (double)least - 1};
        out[n++] = (struct invariant){"the tokens were taken up", f->taken_up_percent >= (double)least};
    }
    if (run->stage->options->ack_p99_ms)
        out[n++] = (struct invariant){"orders were acknowledged in time",
                                      f->ack_p99_ms <= (double)run->stage->options->ack_p99_ms};
    return n;
}
