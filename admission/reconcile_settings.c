/* reconcile_settings.c
 *
 *   line newer than PostgreSQL for 3 s --> written to PostgreSQL, as "settings.found"
 *   PostgreSQL newer than the line     --> change_settings.lua with PostgreSQL's version
 *
 * The first: whoever changed the line ended before it could write. The second: Redis was lost after the change. Both go
 * by the version that each change raises, so doing it twice, or from two instances, changes nothing more. */
#include "admissiond.h"
#include "change_log.h"
#include "change_settings.h"
#include "clock.h"
#include "log.h"
#include "keyspace.h"
#include "lua_admission.h"
#include <string.h>

#define AHEAD_MS 3000
static void on_applied(void *ctx, enum wr_err err, const struct wr_reply *reply);

static void record_found(struct sale *sale)
{
    uint64_t now = wr_mono_ms();
    if (!sale->ahead_at_ms)
        sale->ahead_at_ms = now;
    if (now - sale->ahead_at_ms < AHEAD_MS || !change_log_empty(sale->d->changes))
        return;
    sale->ahead_at_ms = 0;
    struct change change = {.kind = CHANGE_SETTINGS,
                            .action = "settings.found",
                            .actor = "admissiond",
                            .run = sale->run,
                            .settings = sale->line.settings};
    memcpy(change.sale, sale->id, sizeof change.sale);
    change_log_add(sale->d->changes, &change);
}

void reconcile_settings(struct sale *sale)
{
    const struct settings *recorded = &sale->settings;
    if (sale->line.settings.version > recorded->version) {
        record_found(sale);
        return;
    }
    sale->ahead_at_ms = 0;
    if (sale->line.settings.version == recorded->version || !sale_enter(sale, FLOW_SETTINGS))
        return;
    struct wr_args args = {0};
    wr_key_script(&args, &wr_lua_change_settings, sale->id);
    settings_arguments(&args, sale->line.gen, recorded->version);
    settings_add_all(&args, recorded);
    wr_redis_eval(sale->d->line, &wr_lua_change_settings, &args, on_applied, sale);
    wr_args_free(&args);
}

static void on_applied(void *ctx, enum wr_err err, const struct wr_reply *reply)
{
    struct sale *sale = ctx;
    sale_leave(sale, FLOW_SETTINGS);
    if (step_done(sale, "apply the settings", err, reply))
        wr_info("settings of PostgreSQL applied", "sale=%s version=%s", sale->id,
                wr_reply_text(wr_reply_at(reply, 0), NULL));
}
