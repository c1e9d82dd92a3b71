#include "phase.h"

enum wr_phase phase_next(enum wr_phase phase, const struct phase_facts *f)
{
    if (phase == WR_PHASE_ENDED)
        return phase;
    if (f->now >= f->ends_at)
        return f->counted_at >= f->ends_at && f->held == 0 ? WR_PHASE_ENDED : WR_PHASE_SOLD_OUT;
    if (phase == WR_PHASE_SCHEDULED)
        return f->now >= f->starts_at ? WR_PHASE_LIVE : phase;
    if (!f->counted_at)
        return phase;
    if (phase == WR_PHASE_LIVE && f->left == 0)
        return WR_PHASE_SOLD_OUT;
    if (phase == WR_PHASE_SOLD_OUT && f->left != 0)
        return WR_PHASE_LIVE;
    return phase;
}

int64_t phase_due(enum wr_phase phase, const struct phase_facts *f)
{
    if (f->now >= f->ends_at)
        return f->ends_at;
    return phase == WR_PHASE_SCHEDULED ? f->starts_at : 0;
}
