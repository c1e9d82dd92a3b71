/* line.h - a sale's shoppers at one worker, from the call to the admission. Pure: the caller brings the time (monotonic ms)
 * and is told by callbacks what to say.
 *
 *     UNCALLED --called >= place--> ASKED --here--> READY --granted--> GIVEN --entered--> INSIDE
 *        place <= called on arrival ----^   ^-- any message -- QUIET <-- no answer 5 s, or token not taken up
 *
 * Any of them can become OVER: spent, blocked, passed. Who let a token fall is QUIET until a person says so (`again`).
 * Exposed: the `target` lowest READY, which are all that Redis sees of them.
 * Only who answers is asked again: behind a first question that is still on its way, a second one says nothing new.
 * Only who was asked because `called` moved counts as asked and is waited for: if returners counted, a crowd of dead
 * sockets that reconnect would stall the drip. */
#ifndef WAITROOM_LINE_H
#define WAITROOM_LINE_H
#include "list.h"
#include "places.h"
#include <stdbool.h>

enum {
    LINE_ANSWER_MS = 300,   /* how long the door waits for an answer */
    LINE_ASK_MS = 2000,     /* who is ready is asked again */
    LINE_SILENCE_MS = 5000, /* then no longer ready */
    LINE_POINTS = 16,
    LINE_LIST_MAX = 4000, /* places a call */
};
enum seat_state { SEAT_OVER, SEAT_UNCALLED, SEAT_ASKED, SEAT_READY, SEAT_GIVEN, SEAT_INSIDE, SEAT_QUIET };

struct seat {
    struct place_node node; /* in `uncalled` or `ready`, by state */
    enum seat_state state;
    bool counted;  /* asked because `called` moved and has not answered yet */
    bool let_fall; /* QUIET until a person says so */
    bool vouched;  /* a person said so since its last token fell */
    bool exposed;
    uint64_t seen;                       /* the report that found it among the lowest */
    uint64_t asked_ms, heard_ms, due_ms; /* due: of `turn` */
    uint64_t ready_ms;                   /* READY since then */
    struct link turn;    /* READY: asked again; GIVEN: taken up until; INSIDE: lives until */
    struct link silence; /* ASKED, READY: by heard_ms */
    struct link wait;    /* ASKED, counted: for the door */
    struct link shown;   /* exposed */
};
static inline uint64_t seat_place(const struct seat *s)
{
    return s->node.place;
}
static inline bool seat_waits(const struct seat *s) /* neither admitted nor OVER */
{
    return s->state == SEAT_UNCALLED || s->state == SEAT_ASKED || s->state == SEAT_READY ||
           s->state == SEAT_QUIET;
}
static inline bool seat_is_present(const struct seat *s) /* somebody behind it waits for it */
{
    return seat_waits(s) && s->state != SEAT_QUIET;
}

struct line_events { /* none may change the line but by the calls below on this very seat */
    void (*ask)(void *ctx, struct seat *s);  /* "are you there?" */
    void (*fell)(void *ctx, struct seat *s); /* its token was not taken up in time; now QUIET */
    void (*over)(void *ctx, struct seat *s); /* its admission has ended; now OVER */
    void (*moved)(void *ctx, struct seat *s); /* its state changed, whatever the reason; before the others */
};
struct line {
    const struct line_events *events;
    void *ctx;
    uint64_t called;
    size_t seats; /* all but OVER */
    struct places uncalled, ready;
    struct link asking, silent, waiting, shown, given, inside;
    uint64_t report;
    int64_t asked, answered; /* since the last report */
    uint64_t *gone;          /* exposed places whose seat has left this worker */
    size_t gone_count, gone_cap;
};
void line_init(struct line *line, const struct line_events *events, void *ctx);
void line_free(struct line *line); /* every seat has left */

/* A seat is zeroed before it arrives. UNCALLED, or ASKED when `called` has passed it. */
void line_arrive(struct line *line, struct seat *s, uint64_t place, uint64_t now);
void line_depart(struct line *line, struct seat *s); /* from any state; ends OVER */
/* A message came: who was asked or QUIET is READY. `again`: a person said so. Returns whether it is READY. */
bool line_here(struct line *line, struct seat *s, bool again, uint64_t now);
void line_give(struct line *line, struct seat *s, uint64_t until, uint64_t now);
void line_enter(struct line *line, struct seat *s, uint64_t until);
void line_quiet(struct line *line, struct seat *s, bool let_fall);
/* `called` is this now. counted: it moved on a call that others saw; false after a resync. */
void line_called(struct line *line, uint64_t called, bool counted, uint64_t now);
void line_due(struct line *line, uint64_t now); /* asks again, gives up, ends what is over */

struct line_report {     /* what the next tick says */
    uint64_t low, first; /* 0: none */
    size_t waiting, held, uncalled, next_count, add_count, del_count;
    int64_t asked, answered;
    uint64_t next[LINE_POINTS];
    struct seat *add[LINE_LIST_MAX];
    uint64_t del[LINE_LIST_MAX];
};
/* The state now, never the history. full: everything exposed, nothing to take off. */
void line_report(struct line *line, bool full, size_t target, size_t stride, uint64_t now,
                 struct line_report *out);
/* The call that carried these counts failed: they are said again. The next report must be full. */
void line_uncount(struct line *line, int64_t asked, int64_t answered);

#endif
