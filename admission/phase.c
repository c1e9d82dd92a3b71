#include "phase.h"
#include <string.h>

int64_t phase_left(const struct phase_facts *f)
{
    return f->now >= f->ends_at ? 0 : f->left;
}

enum wr_phase phase_next(enum wr_phase phase, const struct phase_facts *f)
{
    if (phase == WR_PHASE_ENDED)
        return phase;
    if (f->now >= f->ends_at && f->counted && f->held == 0)
        return WR_PHASE_ENDED;
    if (phase == WR_PHASE_SCHEDULED)
        return f->now >= f->starts_at ? WR_PHASE_LIVE : phase;
    if (!f->counted)
        return phase;
    if (phase == WR_PHASE_LIVE && phase_left(f) == 0)
        return WR_PHASE_SOLD_OUT;
    if (phase == WR_PHASE_SOLD_OUT && phase_left(f) != 0)
        return WR_PHASE_LIVE;
    return phase;
}

bool phase_of(const char *name, enum wr_phase *out)
{
    for (int phase = WR_PHASE_SCHEDULED; phase <= WR_PHASE_ENDED; phase++)
        if (strcmp(name, wr_phase_name(phase)) == 0) {
            *out = phase;
            return true;
        }
    return false;
}
