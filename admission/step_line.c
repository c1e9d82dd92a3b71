/* step_line.c
 *
 *   HGETALL line --> new to us? --> list_sale
 *                \-> lost? --> open_generation
 *                \-> ours: raise_ceiling, publish_sale, reconcile_settings, step_phase, record_phase - each when due
 *
 * Four times a second a sale, at once after connecting or creating, and never two reads of one sale at a time. */
#include "admissiond.h"
#include "clock.h"
#include "generation.h"
#include "keyspace.h"
#include "log.h"

static void on_line(void *ctx, enum wr_err err, const struct wr_reply *reply);
static void look_for_loss(struct sale *sale);
static void step_current(struct sale *sale);

void step_line(struct sale *sale)
{
    if (!wr_redis_connected(sale->d->line) || !sale_enter(sale, FLOW_READ))
        return;
    char key[WR_KEY_MAX];
    wr_redis_commandv(sale->d->line, on_line, sale, "HGETALL", wr_key_line_text(key, sale->id, "line"), NULL);
}

static void on_line(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_READ);
    if (!step_done(sale, "read the line", err, reply))
        return;
    bool known = sale->line_at_ms && sale->line.there;
    line_parse(&sale->line, reply);
    sale->line_at_ms = wr_mono_ms();
    if (sale->line.there && !known && !sale->gone) /* whoever opened it may have ended before it could list it */
        list_sale(sale);
    look_for_loss(sale);
}

static void look_for_loss(struct sale *sale)
{
    struct admissiond *d = sale->d;
    bool outdated = sale->outdated_gen && sale->line.gen == sale->outdated_gen; /* whoever was to open the later one has not */
    if (!generation_lost(&sale->line, sale->run, wr_redis_run_id(d->line)) && !outdated) {
        sale->lost_at_ms = 0;
        if (sale->line.run == sale->run)
            step_current(sale);
        return;
    }
    uint64_t now = wr_mono_ms();
    if (!sale->lost_at_ms)
        sale->lost_at_ms = now;
    /* Behind replicas, the primary that was left may still be answering: it refuses by itself after this
     * time. */
    if (sale->recorded && now - sale->lost_at_ms >= (uint64_t)d->config->replica_wait_ms)
        open_generation(sale);
}

static void step_current(struct sale *sale)
{
    ceiling_observe(&sale->pace, sale->line.gen, sale->line.counter, sale->line_at_ms);
    int64_t wanted = ceiling_wanted(&sale->pace, sale->line.counter, sale->line.ceiling);
    if (wanted && sale->line.phase != WR_PHASE_ENDED)
        raise_ceiling(sale, wanted);
    step_phase(sale);
    if (!sale->recorded)
        return;
    if (sale->version > sale->line.version)
        publish_sale(sale);
    else if (sale->version < sale->line.version) /* another instance has published what we are to load yet */
        load_sales(sale->d);
    reconcile_settings(sale);
    if (sale->line.phase != sale->phase_recorded)
        record_phase(sale);
}

bool step_done(const struct sale *sale, const char *step, enum wr_err err, const struct wr_reply *reply)
{
    if (err != WR_OK) {
        wr_metric_add(METRIC_STEPS_FAILED, 1);
        wr_warn("a step was not done", "sale=%s step=\"%s\" problem=%s detail=\"%s\"", sale->id, step,
                wr_err_slug(err), reply ? wr_reply_text(reply, NULL) : "");
        return false;
    }
    /* `closed`, `behind`: the line has another generation, or a newer document, by now; the next read shows which. */
    return !(reply && wr_reply_type(reply) == WR_REPLY_LIST && wr_reply_count(reply) == 1);
}
