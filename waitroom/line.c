#include "line.h"
#include "mem.h"
#include <stdlib.h>

void line_init(struct line *line, const struct line_events *events, void *ctx)
{
    *line = (struct line){.events = events, .ctx = ctx};
    struct link *heads[] = {&line->asking, &line->silent, &line->waiting,
                            &line->shown,  &line->given,  &line->inside};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        link_init(heads[i]);
}

void line_free(struct line *line)
{
    free(line->gone);
    *line = (struct line){0};
}

/* Into a list that is ordered by due_ms: from its end, since nearly all come in order. */
static void insert_due(struct link *head, struct seat *s, uint64_t due)
{
    struct link *at = head;
    s->due_ms = due;
    while (at->prev != head && LINK_OWNER(at->prev, struct seat, turn)->due_ms > due)
        at = at->prev;
    link_out(&s->turn);
    link_before(&s->turn, at);
}

static void hide(struct line *line, struct seat *s)
{
    if (!s->exposed)
        return;
    s->exposed = false;
    link_out(&s->shown);
    if (line->gone_count == line->gone_cap) {
        line->gone_cap = line->gone_cap ? line->gone_cap * 2 : 64;
        line->gone = wr_realloc(line->gone, line->gone_cap * sizeof *line->gone);
    }
    line->gone[line->gone_count++] = seat_place(s);
}

/* The one function that changes a seat's state: leaves what belongs to the old one, enters what belongs to
 * the new one. */
static void set_state(struct line *line, struct seat *s, enum seat_state state, uint64_t due)
{
    if (s->state == SEAT_UNCALLED)
        places_remove(&line->uncalled, &s->node);
    if (s->state == SEAT_READY) {
        places_remove(&line->ready, &s->node);
        hide(line, s);
    }
    link_out(&s->turn);
    link_out(&s->silence);
    link_out(&s->wait);
    line->seats += (state != SEAT_OVER) - (s->state != SEAT_OVER);
    s->state = state;
    switch (state) {
    case SEAT_UNCALLED:
        places_insert(&line->uncalled, &s->node);
        break;
    case SEAT_READY:
        places_insert(&line->ready, &s->node);
        insert_due(&line->asking, s, due);
        /* fallthrough */
    case SEAT_ASKED:
        list_append(&line->silent, &s->silence);
        break;
    case SEAT_GIVEN:
        insert_due(&line->given, s, due);
        break;
    case SEAT_INSIDE:
        insert_due(&line->inside, s, due);
        break;
    case SEAT_QUIET:
    case SEAT_OVER:
        break;
    }
    line->events->moved(line->ctx, s);
}

static void ask(struct line *line, struct seat *s, bool counted, uint64_t now)
{
    s->asked_ms = s->heard_ms = now; /* five seconds from here for the first answer */
    s->counted = counted;
    s->let_fall = false;
    set_state(line, s, SEAT_ASKED, 0);
    if (counted) {
        line->asked++;
        list_append(&line->waiting, &s->wait);
    }
    line->events->ask(line->ctx, s);
}

void line_arrive(struct line *line, struct seat *s, uint64_t place, uint64_t now)
{
    s->node = (struct place_node){.place = place};
    link_init(&s->turn);
    link_init(&s->silence);
    link_init(&s->wait);
    link_init(&s->shown);
    if (place <= line->called)
        ask(line, s, false, now);
    else
        set_state(line, s, SEAT_UNCALLED, 0);
}

void line_depart(struct line *line, struct seat *s)
{
    if (s->state != SEAT_OVER)
        set_state(line, s, SEAT_OVER, 0);
}

bool line_here(struct line *line, struct seat *s, bool again, uint64_t now)
{
    if (s->state == SEAT_QUIET && s->let_fall && !again)
        return false;
    if (s->state != SEAT_ASKED && s->state != SEAT_READY && s->state != SEAT_QUIET)
        return false;
    if (s->counted)
        line->answered++;
    s->counted = s->let_fall = false;
    s->vouched |= again;
    s->heard_ms = now;
    if (s->state == SEAT_READY) {
        list_append(&line->silent,
                    &s->silence); /* it keeps its turn to be asked: answering must not put it off */
    } else {
        set_state(line, s, SEAT_READY, now + LINE_ASK_MS);
        s->ready_ms = now;
    }
    return true;
}

void line_give(struct line *line, struct seat *s, uint64_t until, uint64_t now)
{
    s->counted = false;
    s->heard_ms = now;
    set_state(line, s, SEAT_GIVEN, until);
}

void line_enter(struct line *line, struct seat *s, uint64_t until)
{
    s->counted = s->let_fall = false;
    set_state(line, s, SEAT_INSIDE, until);
}

void line_quiet(struct line *line, struct seat *s, bool let_fall)
{
    s->counted = false;
    s->let_fall = let_fall;
    s->vouched &= !let_fall;
    set_state(line, s, SEAT_QUIET, 0);
}

void line_called(struct line *line, uint64_t called, bool counted, uint64_t now)
{
    if (called > line->called)
        line->called = called;
    for (struct place_node *n; (n = places_first(&line->uncalled)) != NULL && n->place <= line->called;)
        ask(line, LINK_OWNER(n, struct seat, node), counted, now);
}

static struct seat *first_due(struct link *head, uint64_t now)
{
    struct link *l = list_first(head);
    struct seat *s = l ? LINK_OWNER(l, struct seat, turn) : NULL;
    return s && s->due_ms <= now ? s : NULL;
}

void line_due(struct line *line, uint64_t now)
{
    struct seat *s;
    for (struct link *l; (l = list_first(&line->silent)) != NULL;) {
        s = LINK_OWNER(l, struct seat, silence);
        if (s->heard_ms + LINE_SILENCE_MS > now)
            break;
        line_quiet(line, s, false);
    }
    while ((s = first_due(&line->asking, now)) != NULL) {
        insert_due(&line->asking, s, now + LINE_ASK_MS);
        line->events->ask(line->ctx, s);
    }
    while ((s = first_due(&line->given, now)) != NULL) {
        line_quiet(line, s, true);
        line->events->fell(line->ctx, s);
    }
    while ((s = first_due(&line->inside, now)) != NULL) {
        set_state(line, s, SEAT_OVER, 0);
        line->events->over(line->ctx, s);
    }
}

/* ---- what a tick says ---- */
static void report_door(struct line *line, uint64_t now, struct line_report *out)
{
    struct link *l;
    while ((l = list_first(&line->waiting)) != NULL &&
           LINK_OWNER(l, struct seat, wait)->asked_ms + LINE_ANSWER_MS <= now)
        link_out(l);
    for (l = line->waiting.next; l != &line->waiting; l = l->next) {
        uint64_t place = seat_place(LINK_OWNER(l, struct seat, wait));
        out->waiting++;
        if (!out->low || place < out->low)
            out->low = place;
    }
}

static void report_points(struct line *line, size_t stride, struct line_report *out)
{
    struct place_node *first = places_first(&line->uncalled);
    out->uncalled = places_count(&line->uncalled);
    out->first = first ? first->place : 0;
    for (size_t j = 1; j <= LINE_POINTS && (j - 1) * stride < out->uncalled; j++) {
        size_t at =
            j * stride <= out->uncalled ? j * stride : out->uncalled; /* the last one stands for the rest */
        out->next[out->next_count++] = places_at(&line->uncalled, at - 1)->place;
    }
}

struct exposing {
    struct line *line;
    struct line_report *out;
};
static int expose(void *ctx, struct place_node *node)
{
    struct exposing *x = ctx;
    struct seat *s = LINK_OWNER(node, struct seat, node);
    if (!s->exposed && x->out->add_count == LINE_LIST_MAX)
        return 0; /* the rest in the next tick: the lowest went first */
    if (!s->exposed) {
        s->exposed = true;
        list_append(&x->line->shown, &s->shown);
        x->out->add[x->out->add_count++] = s;
    }
    s->seen = x->line->report;
    return 1;
}

static void report_changes(struct line *line, bool full, size_t target, struct line_report *out)
{
    struct link *l, *next;
    if (full) {
        line->gone_count = 0;
        while ((l = list_first(&line->shown)) != NULL) {
            LINK_OWNER(l, struct seat, shown)->exposed = false;
            link_out(l);
        }
    }
    line->report++;
    struct exposing x = {line, out};
    places_lowest(&line->ready, target, expose, &x);
    for (l = line->shown.next; l != &line->shown; l = next) {
        struct seat *s = LINK_OWNER(l, struct seat, shown);
        next = l->next;
        if (s->seen != line->report)
            hide(line, s);
    }
    while (line->gone_count && out->del_count < LINE_LIST_MAX)
        out->del[out->del_count++] = line->gone[--line->gone_count];
}

void line_report(struct line *line, bool full, size_t target, size_t stride, uint64_t now,
                 struct line_report *out)
{
    out->low = out->first = 0;
    out->waiting = out->held = out->uncalled = out->next_count = out->add_count = out->del_count = 0;
    report_door(line, now, out);
    report_points(line, stride, out);
    report_changes(line, full, target, out);
    size_t shown = 0;
    for (struct link *l = line->shown.next; l != &line->shown; l = l->next)
        shown++;
    out->held = places_count(&line->ready) - shown;
    out->asked = line->asked;
    out->answered = line->answered;
    line->asked = line->answered = 0;
}

void line_uncount(struct line *line, int64_t asked, int64_t answered)
{
    line->asked += asked;
    line->answered += answered;
}
