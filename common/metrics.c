#include "metrics.h"
#include <assert.h>
#include <stdbool.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Upper bounds in microseconds: 0.1 ms to 10 s, two or three to the decade. */
static const uint64_t bounds_us[] = {100,   250,    500,    1000,   2500,    5000,    10000,   25000,
                                     50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};
#define BOUNDS (sizeof bounds_us / sizeof *bounds_us)

/* A histogram's numbers: one per bound, one past the last, the sum. */
enum { PAST = BOUNDS, SUM = BOUNDS + 1, HISTOGRAM_SLOTS = BOUNDS + 2 };

/* The memory is one slab per worker and one for the process that watches them, each with the same numbers. */
static const struct wr_metric *metrics;
static size_t metric_count, slab_slots, slab_count;
static size_t *first_slot; /* of each metric */
static size_t refusals;    /* slot of the first error's count; they have no row in the table */
static size_t restarts;
static int64_t *slabs, *mine;

static size_t slots_of(const struct wr_metric *m)
{
    return m->type == WR_HISTOGRAM ? HISTOGRAM_SLOTS : 1;
}

void wr_metrics_open(const struct wr_metric *table, size_t count, int workers)
{
    if (slabs)
        munmap(slabs, slab_count * slab_slots * sizeof *slabs);
    free(first_slot);
    metrics = table;
    metric_count = count;
    first_slot = wr_alloc(count * sizeof *first_slot);
    slab_slots = 0;
    for (size_t i = 0; i < count; i++) {
        first_slot[i] = slab_slots;
        slab_slots += slots_of(&table[i]);
    }
    refusals = slab_slots;
    restarts = refusals + WR_ERR_COUNT;
    slab_slots = (restarts + 1 + 7) & ~(size_t)7; /* no cache line is shared by two workers */
    slab_count = (size_t)workers + 1;
    slabs = mmap(NULL, slab_count * slab_slots * sizeof *slabs, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slabs == MAP_FAILED)
        abort();
    mine = slabs;
}

void wr_metrics_worker(int index)
{
    if (!slabs)
        return;
    assert(index >= 0 && (size_t)index < slab_count);
    mine = slabs + (size_t)index * slab_slots;
    for (size_t i = 0; i < metric_count; i++) {
        if (metrics[i].type == WR_GAUGE)
            wr_metric_set(i, 0); /* what the worker before us had open is gone; what it counted is not */
    }
}

/* ---- updates: nothing happens before wr_metrics_open(), so that any module can be used alone ---- */

static void add(size_t slot, int64_t n)
{
    __atomic_fetch_add(&mine[slot], n, __ATOMIC_RELAXED);
}

void wr_metric_add(size_t id, int64_t n)
{
    if (!mine)
        return;
    assert(id < metric_count && metrics[id].type != WR_HISTOGRAM);
    add(first_slot[id], n);
}

void wr_metric_set(size_t id, int64_t value)
{
    if (!mine)
        return;
    assert(id < metric_count && metrics[id].type == WR_GAUGE);
    __atomic_store_n(&mine[first_slot[id]], value, __ATOMIC_RELAXED);
}

void wr_metric_observe_us(size_t id, uint64_t us)
{
    if (!mine)
        return;
    assert(id < metric_count && metrics[id].type == WR_HISTOGRAM);
    size_t bound = 0;
    while (bound < BOUNDS && us > bounds_us[bound])
        bound++;
    add(first_slot[id] + bound, 1);
    add(first_slot[id] + SUM, (int64_t)us);
}

void wr_metrics_refusal(enum wr_err err)
{
    if (mine)
        add(refusals + err, 1);
}

void wr_metrics_restart(void)
{
    if (mine)
        add(restarts, 1);
}

/* ---- reading ---- */

static int64_t read_slot(const int64_t *slab, size_t slot)
{
    return __atomic_load_n(&slab[slot], __ATOMIC_RELAXED);
}

int64_t wr_metric_read(size_t id)
{
    if (!mine)
        return 0;
    assert(id < metric_count);
    if (metrics[id].type != WR_HISTOGRAM)
        return read_slot(mine, first_slot[id]);
    int64_t observations = 0;
    for (size_t i = 0; i <= PAST; i++)
        observations += read_slot(mine, first_slot[id] + i);
    return observations;
}

void wr_metric_raise_to(size_t id, int64_t total)
{
    int64_t missing = total - wr_metric_read(id);
    if (missing > 0)
        wr_metric_add(id, missing);
}

static int64_t total(size_t slot)
{
    int64_t sum = 0;
    for (size_t i = 0; i < slab_count; i++)
        sum += read_slot(slabs + i * slab_slots, slot);
    return sum;
}

static void render_line(struct wr_buf *out, const struct wr_metric *m, const char *suffix, const char *more,
                        int64_t value)
{
    const char *labels = m->labels ? m->labels : "";
    bool both = *labels && *more, any = *labels || *more;
    wr_buf_printf(out, "%s%s%s%s%s%s%s %" PRId64 "\n", m->name, suffix, any ? "{" : "", labels,
                  both ? "," : "", more, any ? "}" : "", value);
}

static void render_histogram(struct wr_buf *out, const struct wr_metric *m, size_t slot)
{
    int64_t so_far = 0;
    char le[40];
    for (size_t i = 0; i < BOUNDS; i++) {
        so_far += total(slot + i);
        snprintf(le, sizeof le, "le=\"%g\"", (double)bounds_us[i] / 1e6);
        render_line(out, m, "_bucket", le, so_far);
    }
    so_far += total(slot + PAST);
    render_line(out, m, "_bucket", "le=\"+Inf\"", so_far);
    bool labelled = m->labels && *m->labels;
    wr_buf_printf(out, "%s_sum%s%s%s %.6f\n", m->name, labelled ? "{" : "", labelled ? m->labels : "",
                  labelled ? "}" : "", (double)total(slot + SUM) / 1e6);
    render_line(out, m, "_count", "", so_far);
}

static void render_head(struct wr_buf *out, const struct wr_metric *m)
{
    static const char *const types[] = {
        [WR_COUNTER] = "counter", [WR_GAUGE] = "gauge", [WR_HISTOGRAM] = "histogram"};
    wr_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, types[m->type]);
}

static void render_frame(struct wr_buf *out)
{
    static const struct wr_metric restarted = {.name = "wr_worker_restarts_total",
                                               .help = "Workers that died and were started again.",
                                               .type = WR_COUNTER};
    render_head(out, &restarted);
    render_line(out, &restarted, "", "", total(restarts));
    struct wr_metric m = {
        .name = "wr_refusals_total", .help = "What was refused, by problem type.", .type = WR_COUNTER};
    char labels[80];
    render_head(out, &m);
    m.labels = labels;
    for (size_t err = WR_OK + 1; err < WR_ERR_COUNT; err++) {
        snprintf(labels, sizeof labels, "problem=\"%s\"", wr_err_slug((enum wr_err)err));
        render_line(out, &m, "", "", total(refusals + err));
    }
}

void wr_metrics_render(struct wr_buf *out)
{
    if (!slabs)
        return;
    for (size_t i = 0; i < metric_count; i++) {
        const struct wr_metric *m = &metrics[i];
        if (i == 0 || strcmp(m->name, metrics[i - 1].name) != 0)
            render_head(out, m);
        if (m->type == WR_HISTOGRAM)
            render_histogram(out, m, first_slot[i]);
        else
            render_line(out, m, "", "", total(first_slot[i]));
    }
    render_frame(out);
}
